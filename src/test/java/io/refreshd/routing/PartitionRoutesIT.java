package io.refreshd.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.model.Change;
import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Operation;
import io.refreshd.model.TableId;
import io.refreshd.model.Xid;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Partitions of one table: a thousand of them, read by a thousand views, must fit into a small heap. */
class PartitionRoutesIT {
    private static final TableId LOW = new TableId("public", "low");
    private static final TableId HIGH = new TableId("public", "high");

    @Test
    void shareWhatIsKnownOfTheirReadersAndKeepTheirRowsApart() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            database.execute(
                    "CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)",
                    "CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (10)",
                    "CREATE TABLE high PARTITION OF parts FOR VALUES FROM (10) TO (20)",
                    "CREATE MATERIALIZED VIEW a AS SELECT id, v FROM parts WHERE v = 'a'",
                    "CREATE MATERIALIZED VIEW b AS SELECT id, v FROM parts WHERE id > 3");
            ViewGraph graph;
            try (Connection connection = database.connect()) {
                graph = ViewGraph.of(CatalogReader.read(connection), view -> true);
            }
            assertThat(graph.readersOf(LOW)).hasSize(2).isSameAs(graph.readersOf(HIGH));
            assertThat(graph.changeFilters(LOW)).hasSize(2).isSameAs(graph.changeFilters(HIGH));

            Routing routing = new Router(graph).route(List.of(insert(LOW, "4"), insert(HIGH, "14")));
            assertThat(routing.impacts())
                    .hasSize(2)
                    .allSatisfy(impact -> assertThat(impact.lookups())
                            .extracting(KeyLookup::table, KeyLookup::keys)
                            .containsExactlyInAnyOrder(
                                    org.assertj.core.groups.Tuple.tuple(LOW, Set.of(List.of("4"))),
                                    org.assertj.core.groups.Tuple.tuple(HIGH, Set.of(List.of("14")))));
        }
    }

    private static Change insert(TableId table, String key) {
        return new Change(
                table,
                new Xid(7),
                Map.of(Operation.INSERT, 1L),
                ChangedColumns.ALL,
                new ChangedRows(List.of("id"), Optional.of(Set.of(List.of(key))), Map.of("v", Set.of("a")), Map.of()),
                Instant.EPOCH);
    }
}
