package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Views that are refreshed together, of two owners, under a role that may refresh them and read nothing; one stands on another. A further
 * view, of the same rows, is refreshed by itself: with it readers do see a contradiction, so the rows that are written can show one.
 */
@NullUnmarked // Set before the first test.
class TogetherIT {
    private static final int READ_AFTER_DISAGREEMENTS = 5;
    private static final int GROUP_REFRESHES = 20;

    private static TestDatabase database;
    private static RunningDaemon daemon;

    @BeforeAll
    static void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE ROLE together LOGIN REPLICATION",
                "CREATE ROLE together_tables",
                "CREATE ROLE together_one",
                "CREATE ROLE together_two",
                "GRANT CREATE ON DATABASE " + database.name() + " TO together",
                "GRANT CREATE ON SCHEMA public TO together_tables, together_one, together_two",
                "GRANT together_tables TO together",
                "SET ROLE together_tables; CREATE TABLE booking (id int PRIMARY KEY, account int);"
                        + " GRANT SELECT ON booking TO together_one, together_two",
                "RESET ROLE; INSERT INTO booking SELECT i, i % 10 FROM generate_series(1, 100) i",
                "SET ROLE together_one; CREATE MATERIALIZED VIEW accounts AS"
                        + " SELECT account, count(*) AS n FROM booking GROUP BY account;"
                        + " CREATE UNIQUE INDEX ON accounts (account)",
                "SET ROLE together_two; CREATE MATERIALIZED VIEW total AS"
                        + " SELECT 1 AS id, count(*) AS n FROM booking;"
                        + " CREATE UNIQUE INDEX ON total (id)",
                "SET ROLE together_two; CREATE MATERIALIZED VIEW alone AS"
                        + " SELECT 1 AS id, count(*) AS n FROM booking;"
                        + " CREATE UNIQUE INDEX ON alone (id)",
                "SET ROLE together_one; CREATE MATERIALIZED VIEW above AS SELECT 1 AS id, sum(n) AS n FROM accounts;"
                        + " CREATE UNIQUE INDEX ON above (id)",
                "RESET ROLE; GRANT MAINTAIN ON accounts, total, above, alone TO together");
        daemon = RunningDaemon.start(RunningDaemon.configuration(database.url(), database.slot(), """
                views:
                  quiet-period: 0ms
                  together: [[public.above, public.accounts, public.total, public.absent]]
                """)
                .replace("user: postgres", "user: together"));
        daemon.awaitFresh();
    }

    @AfterAll
    static void close() throws Exception {
        daemon.close();
        database.close();
        try (Connection admin =
                        DriverManager.getConnection(TestDatabase.server().url("postgres"), LocalPostgres.USER, "");
                Statement statement = admin.createStatement()) {
            statement.execute("DROP ROLE together, together_tables, together_one, together_two");
        }
    }

    @Test
    void readersNeverSeeThemDisagreeWhateverIsWritten() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        List<CompletableFuture<Void>> writers = List.of(writer(1, stop), writer(2, stop));
        long before = daemon.refreshes("public.total");
        int contradictions = 0;
        int alone = 0;
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            while (contradictions == 0
                    && (alone < READ_AFTER_DISAGREEMENTS || daemon.refreshes("public.total") < before + GROUP_REFRESHES)
                    && writers.stream().noneMatch(CompletableFuture::isDone)) {
                try (ResultSet row = statement.executeQuery(
                        "SELECT a.n = t.n AND a.n = b.n, a.n = o.n FROM total t, alone o, above b,"
                                + " (SELECT sum(n) AS n FROM accounts) a")) {
                    row.next();
                    contradictions += row.getBoolean(1) ? 0 : 1;
                    alone += row.getBoolean(2) ? 0 : 1;
                }
            }
        } finally {
            stop.set(true);
        }
        for (CompletableFuture<Void> writer : writers) {
            writer.join();
        }
        assertThat(contradictions).isZero();
        assertThat(alone).isGreaterThanOrEqualTo(READ_AFTER_DISAGREEMENTS);
        FreshnessWait.await("accounts", database::query);
        assertThat(database.query("SELECT (SELECT sum(n) FROM accounts) = (SELECT count(*) FROM booking)"))
                .containsExactly("t");
        assertThat(database.query("SELECT DISTINCT detail FROM refreshd.refresh_history WHERE view_name = 'total' AND"
                        + " outcome = 'refreshed'"))
                .containsExactly("refreshed together with public.above, public.accounts");
    }

    private static CompletableFuture<Void> writer(int number, AtomicBoolean stop) {
        return CompletableFuture.runAsync(() -> {
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                for (int i = 0; !stop.get(); i++) {
                    int id = number * 1_000_000 + i;
                    statement.execute(
                            i % 3 == 0
                                    ? "DELETE FROM booking WHERE id = " + (id - 3)
                                    : "INSERT INTO booking VALUES (" + id + ", " + id % 10 + ")");
                }
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @Test
    void theFailureOfOneIsThatOfTheGroup() throws Exception {
        FreshnessWait.await("accounts", database::query);
        String rows = "SELECT sum(n) FROM accounts";
        List<String> before = database.query(rows);
        database.execute("REVOKE SELECT ON booking FROM together_two", "INSERT INTO booking VALUES (-1, 1)");
        daemon.awaitPhase("public.accounts", ViewPhase.SUSPENDED);
        for (String name : List.of("public.above", "public.accounts", "public.total")) {
            assertThat(view(name).reason().orElseThrow().what())
                    .startsWith("the refresh of public.total failed")
                    .endsWith("; refreshed together with public.above, public.accounts");
        }
        await().until(
                        () -> database.query("SELECT view_name || ' ' || state || ' ' || (reason LIKE 'the refresh of"
                                + " public.total failed%')::text FROM refreshd.freshness"
                                + " WHERE view_name IN ('above', 'accounts', 'total') ORDER BY 1"),
                        List.of("above suspended true", "accounts suspended true", "total suspended true")::equals);
        assertThat(database.query("SELECT server_message FROM refreshd.freshness WHERE view_name = 'accounts'"))
                .containsExactly("what the server said stands at public.total");
        assertThat(database.query(rows)).isEqualTo(before);

        database.execute("GRANT SELECT ON booking TO together_two");
        for (String name : List.of("public.above", "public.accounts", "public.total")) {
            daemon.awaitPhase(name, ViewPhase.FRESH);
        }
        assertThat(database.query("SELECT (SELECT sum(n) FROM accounts) = (SELECT n FROM total)"))
                .containsExactly("t");
    }

    private static ViewStatus view(String name) {
        return daemon.view(name).orElseThrow();
    }
}
