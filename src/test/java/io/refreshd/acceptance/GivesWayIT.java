package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Audits and the creation of role views give way to whoever waits for a lock that they hold, like refreshes (LockedTablesIT). */
class GivesWayIT {
    private TestDatabase database;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        // Ten minutes for the rows of the table: in an audit, which is read-only; and where a role view is made.
        database.execute(
                "CREATE FUNCTION slow_audit(id int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN"
                        + " IF pg_catalog.current_setting('transaction_read_only') = 'on' THEN"
                        + " PERFORM pg_catalog.pg_sleep(1); END IF; RETURN id; END $$",
                "CREATE FUNCTION slow(id int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN"
                        + " PERFORM pg_catalog.pg_sleep(1); RETURN id; END $$",
                "CREATE TABLE big (id int PRIMARY KEY)",
                "INSERT INTO big SELECT generate_series(1, 3600)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void anAuditGivesWay() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW audited AS SELECT slow_audit(id) AS id FROM big",
                "CREATE UNIQUE INDEX ON audited (id)");
        try (RunningDaemon daemon = start("audit: { interval: 100ms }")) {
            awaitRunning("%refreshd_row%");
            truncate();
            daemon.awaitFresh();
            await().until(() -> database.query("SELECT count(*) FROM audited").equals(List.of("0")));
        }
    }

    /** A plain REFRESH keeps readers out, so that it would wait for an audit. */
    @Test
    void anAuditGivesWayToARefresh() throws Exception {
        database.execute("CREATE MATERIALIZED VIEW audited AS SELECT slow_audit(id) AS id FROM big");
        try (RunningDaemon daemon = start("audit: { interval: 100ms }\nrefresh: { lock-timeout: 60m,"
                + " lock-patience: 300ms, statement-timeout: 60m }\nviews: { method: plain, quiet-period: 10ms }")) {
            awaitRunning("%refreshd_row%");
            database.execute("DELETE FROM big");
            await().until(() -> database.query("SELECT count(*) FROM audited").equals(List.of("0")));
        }
    }

    @Test
    void theCreationOfARoleViewGivesWay() throws Exception {
        // The role comes once the daemon streams: no replication slot can be made while its view is.
        database.execute("CREATE TABLE roles (name text PRIMARY KEY)");
        String yaml = RunningDaemon.configuration(database.url(), database.slot(), """
                refresh: { lock-patience: 300ms, statement-timeout: 60m }
                role-views:
                  templates:
                    public.role_{role}:
                      query: SELECT slow(id) AS id FROM big WHERE {role} = 'a'
                      unique-key: [id]
                      roles-query: SELECT name FROM roles
                """);
        try (RunningDaemon daemon = RunningDaemon.startLooking(yaml, Duration.ofMillis(300))) {
            database.execute("INSERT INTO roles VALUES ('a')");
            awaitRunning("%REFRESH MATERIALIZED VIEW%role_a%");
            truncate();
            await("the view is made of no rows")
                    .until(() -> database.query("SELECT to_regclass('role_a') IS NOT NULL")
                            .equals(List.of("t")));
            daemon.awaitFresh();
            assertThat(database.query("SELECT count(*) FROM role_a")).containsExactly("0");
        }
    }

    private RunningDaemon start(String more) throws Exception {
        return RunningDaemon.start(
                database,
                more.contains("refresh:")
                        ? more
                        : "refresh: { lock-patience: 300ms, statement-timeout: 60m }\n" + more);
    }

    private void awaitRunning(String query) {
        await(query + " runs")
                .until(() -> database.query("SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'active'"
                                + " AND pid <> pg_backend_pid() AND datname = current_database() AND query LIKE '"
                                + query
                                + "'")
                        .equals(List.of("t")));
    }

    private void truncate() throws Exception {
        CompletableFuture<Void> truncated = CompletableFuture.runAsync(() -> {
            try {
                database.execute("TRUNCATE big");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        TestTimeout.get(truncated);
    }
}
