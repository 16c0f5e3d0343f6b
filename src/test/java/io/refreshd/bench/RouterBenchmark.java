package io.refreshd.bench;

import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.model.Change;
import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Operation;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.routing.Router;
import io.refreshd.routing.Routing;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Changes of one row routed per second, by the number of role views.
 *
 * <p>The graph is read from a real catalog with {@link #MOST} role views; as many further roles have no view.
 */
@State(Scope.Thread)
public class RouterBenchmark {
    static final int MOST = 1_000;
    /** System properties that the forked JVM gets. */
    static final String URL = "bench.micro.url";

    static final String USER = "bench.micro.user";

    @Param({"1", "100", "1000"})
    public int views;

    @Param({"matching", "foreign", "column"})
    public String change;

    private Router router;
    private List<Change> changes;

    @Setup
    public void read() throws SQLException {
        Set<ViewId> known = IntStream.range(0, views)
                .mapToObj(role -> new ViewId("public", "role_" + role))
                .collect(Collectors.toSet());
        String password = System.getenv().getOrDefault(BareReader.PASSWORD, "");
        try (Connection connection =
                DriverManager.getConnection(System.getProperty(URL), System.getProperty(USER), password)) {
            router = new Router(ViewGraph.of(CatalogReader.read(connection), known::contains));
        }
        int role = change.equals("foreign") ? MOST : views / 2;
        changes = List.of(new Change(
                new TableId("public", "main"),
                new Xid(1_000),
                Map.of(Operation.UPDATE, 1L),
                ChangedColumns.of(Set.of(change.equals("column") ? "note" : "title")),
                new ChangedRows(
                        List.of("id"),
                        Optional.of(Set.of(List.of("1"))),
                        Map.of("role_id", Set.of(Integer.toString(role))),
                        Map.of()),
                Instant.EPOCH));
        int affected = route().impacts().size();
        if (affected != (change.equals("matching") ? 1 : 0)) {
            throw new IllegalStateException(change + " affects " + affected + " views: something else is measured");
        }
    }

    @Benchmark
    public Routing route() {
        return router.route(changes);
    }
}
