package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whoever may create a view decides how large and how deep its query is. It must not keep other views from being examined. */
class HostileDefinitionsIT {
    /** Stack of the daemon's threads, in bytes, as the launcher sets it. */
    private static final long STACK = 512 * 1024;

    private static final TableId T = new TableId("public", "t");

    private TestDatabase database;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE t (id int PRIMARY KEY, v text)",
                "CREATE MATERIALIZED VIEW plain AS SELECT id FROM t WHERE v = 'x'");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void anExpressionOf800Additions() throws Exception {
        database.execute("CREATE MATERIALIZED VIEW d AS SELECT id, id" + "+1".repeat(800) + " AS n FROM t");
        ViewGraph graph = graph();
        assertIsExamined(graph, "plain");
        assertThat(graph.readersOf(T)).contains(new Reader(view("d"), ReadColumns.of(List.of("id"))));
        assertThat(lookup(graph, "d").key()).isEmpty();
        assertThat(lookup(graph, "d").why().orElseThrow().what()).contains("could not be examined");
    }

    /** 27 MB of query tree. */
    @Test
    void aListOf150000Constants() throws Exception {
        database.execute("CREATE MATERIALIZED VIEW d AS SELECT id, v FROM t WHERE id IN (" + constants(150_000)
                + ") WITH NO DATA");
        ViewGraph graph = graph();
        assertIsExamined(graph, "plain");
        assertThat(graph.readersOf(T)).contains(new Reader(view("d"), ReadColumns.ALL));
        assertThat(graph.view(view("d")).orElseThrow().untrackedSources())
                .extracting(Obstacle::what)
                .anySatisfy(what -> assertThat(what).contains("too large to be examined"));
    }

    /** Examined on the server, and not fetched. */
    @Test
    void aListOf10000Constants() throws Exception {
        database.execute("CREATE MATERIALIZED VIEW d AS SELECT id, v, current_date AS day FROM t WHERE id IN ("
                + constants(10_000) + ") WITH NO DATA");
        ViewGraph graph = graph();
        assertIsExamined(graph, "plain");
        assertThat(graph.readersOf(T)).contains(new Reader(view("d"), ReadColumns.of(List.of("id", "v"))));
        assertThat(graph.view(view("d")).orElseThrow().untrackedSources())
                .extracting(Obstacle::what)
                .singleElement()
                .asString()
                .contains("clock");
        assertThat(lookup(graph, "d").key()).isEmpty();
    }

    /** All together fit into no heap; the small ones are examined. */
    @Test
    void hundredViewsOf1400Constants() throws Exception {
        for (int i = 0; i < 100; i++) {
            database.execute("CREATE MATERIALIZED VIEW d" + i + " AS SELECT id, v FROM t WHERE id IN ("
                    + constants(1_400) + ") WITH NO DATA");
        }
        ViewGraph graph = graph();
        assertIsExamined(graph, "plain");
        assertThat(graph.readersOf(T)).hasSize(101);
        long fetched = graph.views().keySet().stream()
                .filter(view -> lookup(graph, view.name()).key().isPresent())
                .count();
        assertThat(fetched).as("examined exactly").isBetween(10L, 90L);
    }

    @Test
    void aChainOf3000PlainViews() throws Exception {
        database.execute("CREATE VIEW c0 AS SELECT id FROM t");
        database.execute(IntStream.range(1, 3_000)
                .mapToObj(i -> "CREATE VIEW c" + i + " AS SELECT id FROM c" + (i - 1))
                .toArray(String[]::new));
        database.execute("CREATE MATERIALIZED VIEW d AS SELECT id FROM c2999 WITH NO DATA");
        ViewGraph graph = graph();
        assertIsExamined(graph, "plain");
        assertThat(graph.readersOf(T)).contains(new Reader(view("d"), ReadColumns.of(List.of("id"))));
    }

    private static void assertIsExamined(ViewGraph graph, String name) {
        assertThat(lookup(graph, name).key()).as(name).isPresent();
    }

    private static Lookup lookup(ViewGraph graph, String name) {
        return graph.changeFilter(T, view(name)).lookup();
    }

    private static String constants(int count) {
        return IntStream.range(0, count).mapToObj(Integer::toString).collect(Collectors.joining(","));
    }

    private static ViewId view(String name) {
        return new ViewId("public", name);
    }

    /** On a thread with as small a stack as the daemon's. */
    private ViewGraph graph() throws Exception {
        CompletableFuture<ViewGraph> graph = new CompletableFuture<>();
        new Thread(
                        null,
                        () -> {
                            try (Connection connection = database.connect()) {
                                graph.complete(ViewGraph.of(CatalogReader.read(connection), view -> true));
                            } catch (Throwable e) {
                                graph.completeExceptionally(e);
                            }
                        },
                        "reader",
                        STACK)
                .start();
        return TestTimeout.get(graph);
    }
}
