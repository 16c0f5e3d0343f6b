package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.ServerFolder;
import io.refreshd.testing.TestDatabase;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A table with more partitions than the server has room for locks. To read or publish them all in one transaction fails with 53200, "out of
 * shared memory". The room is that of a small server; with the default settings it takes some thousands of partitions. To make them takes a
 * minute, so this runs with {@code -Pfaults}; that tables are published in pieces is tested with every build.
 */
class ManyPartitionsIT {
    private static final int PARTITIONS = 2_000;

    @Test
    @Tag("faults")
    void concernOnlyTheViewsThatReadThem() throws Exception {
        try (LocalPostgres server = OwnServer.start(
                        ServerFolder.create("partitions"),
                        Map.of(
                                "max_locks_per_transaction", "10",
                                "max_connections", "30",
                                "max_wal_senders", "2",
                                "max_worker_processes", "2"));
                TestDatabase database = TestDatabase.create(server::url)) {
            database.execute(
                    "CREATE TABLE free (id int PRIMARY KEY)",
                    "CREATE MATERIALIZED VIEW bystander AS SELECT id FROM free",
                    "CREATE UNIQUE INDEX ON bystander (id)");
            try (RunningDaemon daemon = RunningDaemon.start(database)) {
                daemon.awaitFresh();
                database.execute("CREATE TABLE parts (id int) PARTITION BY LIST (id)");
                database.execute("DO $$ BEGIN FOR i IN 1.." + PARTITIONS
                        + " LOOP EXECUTE format('CREATE TABLE p%1$s PARTITION OF"
                        + " parts FOR VALUES IN (%1$s)', i); EXECUTE format('ALTER TABLE p%s REPLICA IDENTITY FULL', i); COMMIT;"
                        + " END LOOP; END $$");
                assertThatThrownBy(() -> database.execute("CREATE PUBLICATION whole FOR TABLE " + partitions()))
                        .hasMessageContaining("out of shared memory");
                database.execute("CREATE MATERIALIZED VIEW of_parts AS SELECT id FROM parts WITH NO DATA");
                await("it is known").until(() -> daemon.view("public.of_parts").isPresent());
                database.execute("INSERT INTO free VALUES (1)", "INSERT INTO parts VALUES (1)");
                FreshnessWait.await("bystander", database::query);
                database.execute(
                        "CREATE MATERIALIZED VIEW newcomer AS SELECT id FROM free",
                        "CREATE UNIQUE INDEX ON newcomer (id)");
                FreshnessWait.await("newcomer", database::query);
                assertThat(database.query("SELECT state FROM refreshd.freshness WHERE view_name <> 'of_parts'"))
                        .containsOnly("fresh");
            }
        }
    }

    private static String partitions() {
        return IntStream.rangeClosed(1, PARTITIONS).mapToObj(i -> "p" + i).collect(Collectors.joining(", "));
    }
}
