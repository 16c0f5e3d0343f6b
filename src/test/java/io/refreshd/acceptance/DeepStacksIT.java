package io.refreshd.acceptance;

import static org.awaitility.Awaitility.await;

import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import org.junit.jupiter.api.Test;

/** Whoever may create a view decides how deep a stack is. */
class DeepStacksIT {
    private static final int DEPTH = 1_500;

    private static String chain(String statement) {
        return "DO $$ BEGIN FOR i IN 1.." + DEPTH + " LOOP EXECUTE format('" + statement
                + "', i, i - 1); IF i % 200 = 0 THEN COMMIT; END IF; END LOOP; END $$";
    }

    @Test
    void anotherViewIsKeptFresh() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            database.execute(
                    "CREATE TABLE main (id int PRIMARY KEY)",
                    "CREATE MATERIALIZED VIEW probe AS SELECT id FROM main",
                    "CREATE UNIQUE INDEX ON probe (id)",
                    "CREATE VIEW v0 AS SELECT id FROM main",
                    chain("CREATE VIEW v%s AS SELECT id FROM v%s"),
                    "CREATE MATERIALIZED VIEW of_views AS SELECT id FROM v" + DEPTH + " WITH NO DATA",
                    "CREATE MATERIALIZED VIEW m0 AS SELECT id FROM main WITH NO DATA",
                    chain("CREATE MATERIALIZED VIEW m%s AS SELECT id FROM m%s WITH NO DATA"),
                    "CREATE TABLE i0 (id int PRIMARY KEY)",
                    chain("CREATE TABLE i%s () INHERITS (i%s)"),
                    "CREATE MATERIALIZED VIEW of_children AS SELECT id FROM i0 WITH NO DATA",
                    "CREATE TYPE c0 AS (id int)",
                    chain("CREATE TYPE c%s AS (c c%s)"),
                    "CREATE MATERIALIZED VIEW of_types AS SELECT id, NULL::c" + DEPTH + " AS c FROM main WITH NO DATA");
            try (RunningDaemon daemon = RunningDaemon.start(database)) {
                await().until(() -> daemon.view("public.probe").isPresent());
                database.execute("INSERT INTO main VALUES (1)");
                FreshnessWait.await("probe", database::query);
            }
        }
    }
}
