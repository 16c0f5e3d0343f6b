package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** DDL on a materialized view while the view is being refreshed. */
class AlteredWhileRefreshingIT {
    private static final String DROP = "DROP MATERIALIZED VIEW slow";
    private static final String RENAME = "ALTER MATERIALIZED VIEW slow RENAME TO renamed";
    private static final String REPLACE = DROP
            + "; CREATE MATERIALIZED VIEW slow AS SELECT id, v || '!' AS v FROM main; CREATE UNIQUE INDEX ON slow (id)";
    private static final String SWAP =
            "ALTER MATERIALIZED VIEW slow RENAME TO renamed; ALTER MATERIALIZED VIEW other RENAME TO slow";

    private TestDatabase database;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "INSERT INTO main VALUES (1, 'old')",
                // The refresh takes 1.5 s for a row that says so.
                "CREATE MATERIALIZED VIEW slow AS SELECT id, v FROM main WHERE v <> 'slow' OR pg_sleep(1.5) IS NOT NULL",
                "CREATE UNIQUE INDEX ON slow (id)",
                "CREATE MATERIALIZED VIEW other AS SELECT id, upper(v) AS v FROM main",
                "CREATE UNIQUE INDEX ON other (id)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {DROP, RENAME, REPLACE, SWAP})
    void inTheMiddleOfItsRefresh(String ddl) throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            await().until(() -> {
                // Repeated, since a refresh may be over before this thread gets a processor to see it.
                database.execute("UPDATE main SET v = 'slow'");
                return database.query(
                                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%REFRESH MATERIALIZED%slow%'"
                                        + " AND pid <> pg_backend_pid() AND state = 'active' AND datname = current_database()")
                        .equals(List.of("1"));
            });
            database.execute(ddl);
            assertSettles(daemon, "slow");
            database.execute("UPDATE main SET v = 'later'");
            assertSettles(daemon, "later");
        }
    }

    /** The refresh waits for the lock of the DDL. When it gets the lock, the name belongs to another view, or to none. */
    @ParameterizedTest
    @ValueSource(strings = {REPLACE, SWAP})
    void justBeforeItsRefresh(String ddl) throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database);
                Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            daemon.awaitFresh();
            connection.setAutoCommit(false);
            statement.execute(ddl);
            database.execute("UPDATE main SET v = 'new'");
            await().until(() -> database.query(
                            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%REFRESH MATERIALIZED%'"
                                    + " AND wait_event_type = 'Lock' AND datname = current_database()")
                    .getFirst()
                    .matches("[1-9]"));
            connection.commit();
            assertSettles(daemon, "new");
        }
    }

    /** Waits until the daemon knows the views that exist, each equals its definition, and none is suspended. */
    private void assertSettles(RunningDaemon daemon, String value) {
        await().untilAsserted(() -> {
            List<String> there = database.query("SELECT 'public.' || matviewname FROM pg_matviews");
            assertThat(daemon.daemon().status().views())
                    .extracting(view -> view.view().toString())
                    .containsExactlyInAnyOrderElementsOf(there);
            for (String view : there) {
                assertThat(database.query("SELECT lower(rtrim(v, '!')) FROM " + view))
                        .as(view)
                        .containsExactly(value);
            }
        });
        daemon.awaitFresh();
    }
}
