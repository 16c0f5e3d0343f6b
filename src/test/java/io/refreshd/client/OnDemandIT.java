package io.refreshd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.report.ViewPhase;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests refresh on demand for an application that has no privilege but to read its view. */
class OnDemandIT {
    record Row(int id, String name) {}

    /** Settings by which no refresh happens during a test unless it is requested. */
    private static final String NO_OWN_REFRESH = "views: { quiet-period: 10m, target-lag: 20m }";

    private TestDatabase database;
    private String reader = "";
    private RoleViews<Row> views;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        reader = "reader_of_" + database.name();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, name text)",
                "INSERT INTO main VALUES (1, 'one')",
                "CREATE MATERIALIZED VIEW role_a AS SELECT id, name FROM main",
                "CREATE UNIQUE INDEX ON role_a (id)",
                "CREATE MATERIALIZED VIEW role_b AS SELECT id, name FROM main",
                "CREATE UNIQUE INDEX ON role_b (id)",
                "CREATE ROLE " + reader + " LOGIN",
                "GRANT SELECT ON role_a TO " + reader);
        views = RoleViews.of(as(reader), "public.role_{role}", Row.class);
    }

    @AfterEach
    void drop() throws Exception {
        database.execute("DROP OWNED BY " + reader, "DROP ROLE " + reader);
        database.close();
    }

    @Test
    void thePrivilegeToReadAViewSufficesToRequestARefreshAndNothingElse() throws Exception {
        RoleView<Row> a = views.forRole("a");
        try (RunningDaemon daemon = RunningDaemon.start(database, NO_OWN_REFRESH)) {
            daemon.awaitFresh();
            database.execute("INSERT INTO main VALUES (2, 'two')");
            assertThat(a.refresh(true)).isEqualTo(RefreshResult.REQUESTED);
            assertThat(a.refresh(true, TestTimeout.LIMIT)).isEqualTo(RefreshResult.DONE);
            assertThat(a.byKey(2)).contains(new Row(2, "two"));
            database.execute("INSERT INTO main VALUES (3, 'three')");
            assertThat(a.awaitFresh(views.token(), TestTimeout.LIMIT)).isTrue();
            assertThat(a.byKey(3)).isPresent();

            assertThatThrownBy(() -> views.forRole("b").refresh(true))
                    .hasMessageContaining(reader + " may not read public.role_b")
                    .hasMessageContaining("GRANT SELECT ON public.role_b TO " + reader);
            assertThatThrownBy(() -> query("SELECT refreshd.request_refresh('role_b')"))
                    .as("the current role counts, not the session user")
                    .hasMessageContaining(reader + " may not read");
            assertThatThrownBy(() -> query("INSERT INTO refreshd.request (kind, view_oid) VALUES ('pause', 1)"))
                    .hasMessageContaining("permission denied for table request");
        }
    }

    /** The daemon reads a commit from the WAL as soon as it is written, which may be before it is visible to other sessions. */
    @Test
    void aRequestReadFromTheWalBeforeItIsVisibleIsFulfilled() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database, NO_OWN_REFRESH)) {
            daemon.awaitFresh();
            database.execute(
                    "INSERT INTO main VALUES (2, 'two')",
                    "SELECT pg_logical_emit_message(true, 'refreshd:request', '')",
                    "SELECT pg_sleep(0.5)",
                    "INSERT INTO refreshd.request (kind, view_oid) VALUES ('refresh', 'role_a'::regclass)");
            await().until(() -> database.query("SELECT count(*) FROM role_a").equals(List.of("2")));
        }
    }

    @Test
    void withoutADaemonTheErrorSaysWhatToDo() throws Exception {
        RoleView<Row> a = views.forRole("a");
        assertThatThrownBy(() -> a.refresh(true)).hasMessageStartingWith("no running refreshd handles public.role_a");
        try (RunningDaemon daemon = RunningDaemon.start(database, NO_OWN_REFRESH)) {
            daemon.awaitFresh();
        }
        database.execute("UPDATE refreshd.stream SET beat_at = now() - interval '1 hour'");
        assertThatThrownBy(() -> a.refresh(true, TestTimeout.LIMIT))
                .hasMessageStartingWith("no running refreshd handles public.role_a")
                .hasMessageContaining("GRANT MAINTAIN ON public.role_a");
        assertThat(database.query("SELECT count(*) FROM refreshd.request"))
                .as("no request remains for a daemon that starts later")
                .containsExactly("0");
        database.execute("GRANT MAINTAIN ON role_a TO " + reader, "INSERT INTO main VALUES (2, 'two')");
        assertThat(a.refresh(true, TestTimeout.LIMIT)).isEqualTo(RefreshResult.DONE);
        assertThat(a.byKey(2)).isPresent();
    }

    /** Such a view claims no position, so that only the refresh itself can be awaited. */
    @Test
    void theRefreshOfAnUntrackedViewIsAwaited() throws Exception {
        database.execute(
                "CREATE UNLOGGED TABLE unseen (id int PRIMARY KEY, name text)",
                "CREATE MATERIALIZED VIEW role_untracked AS SELECT id, name FROM unseen",
                "CREATE UNIQUE INDEX ON role_untracked (id)",
                "GRANT SELECT ON role_untracked TO " + reader);
        RoleView<Row> untracked = views.forRole("untracked");
        try (RunningDaemon daemon = RunningDaemon.start(database, NO_OWN_REFRESH)) {
            daemon.awaitFresh();
            for (int i = 1; i <= 3; i++) {
                database.execute("INSERT INTO unseen VALUES (" + i + ", 'unseen')");
                assertThat(untracked.refresh(true, TestTimeout.LIMIT)).isEqualTo(RefreshResult.DONE);
                assertThat(untracked.byKey(i)).isPresent();
            }
            assertThatThrownBy(() -> untracked.awaitFresh(views.token(), TestTimeout.LIMIT))
                    .hasMessageContaining("nothing can be claimed");
        }
    }

    @Test
    void aRefreshThatTimesOutIsNotReportedAsDone() throws Exception {
        RoleView<Row> a = views.forRole("a");
        try (RunningDaemon daemon = RunningDaemon.start(database, NO_OWN_REFRESH)) {
            daemon.awaitFresh();
            try (var holder = database.connect();
                    var statement = holder.createStatement()) {
                holder.setAutoCommit(false);
                // A lock that conflicts with a refresh, but not with readers.
                statement.execute("COMMENT ON MATERIALIZED VIEW role_a IS 'held'");
                assertThat(a.refresh(true, Duration.ofMillis(300))).isEqualTo(RefreshResult.REQUESTED);
                holder.rollback();
            }
            database.execute(
                    "INSERT INTO refreshd.request (kind, view_oid) VALUES ('pause', 'role_a'::regclass)",
                    "SELECT pg_logical_emit_message(true, 'refreshd:request', '')");
            daemon.awaitPhase("public.role_a", ViewPhase.PAUSED);
            assertThatThrownBy(() -> a.refresh(true))
                    .as("a request does not override the pause of an operator")
                    .hasMessageContaining("role_a is paused");
        }
    }

    @Test
    void aRefreshThatFailsForGoodIsReportedWithItsRemedy() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW role_bad AS SELECT id, 1 / (id - 9) || '' AS name FROM main",
                "CREATE UNIQUE INDEX ON role_bad (id)",
                "GRANT SELECT ON role_bad TO " + reader);
        RoleView<Row> bad = views.forRole("bad");
        try (RunningDaemon daemon = RunningDaemon.start(database, NO_OWN_REFRESH)) {
            daemon.awaitFresh();
            assertThat(bad.refresh(true, TestTimeout.LIMIT)).isEqualTo(RefreshResult.DONE);
            database.execute("INSERT INTO main VALUES (9, 'nine')");
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> bad.refresh(true, TestTimeout.LIMIT)).hasMessageContaining("division_by_zero");
            }
            database.execute("DELETE FROM main WHERE id = 9");
            assertThat(bad.refresh(true, TestTimeout.LIMIT))
                    .as("a request triggers another attempt")
                    .isEqualTo(RefreshResult.DONE);
            assertThat(bad.all()).hasSize(1);
        }
    }

    @Test
    void aViewCreatedAMomentAgoIsAwaited() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database, "views: { quiet-period: 50ms }")) {
            daemon.awaitFresh();
            for (int i = 1; i <= 3; i++) {
                String role = "new_" + i;
                database.execute(
                        "CREATE MATERIALIZED VIEW role_" + role + " AS SELECT id, name FROM main",
                        "CREATE UNIQUE INDEX ON role_" + role + " (id)",
                        "GRANT SELECT ON role_" + role + " TO " + reader,
                        "UPDATE main SET name = 'written behind " + i + "'");
                RoleView<Row> made = views.forRole(role);
                assertThat(made.awaitFresh(views.token(), TestTimeout.LIMIT)).isTrue();
                assertThat(made.all()).containsExactly(new Row(1, "written behind " + i));
            }
            database.execute(
                    "CREATE VIEW role_plain AS SELECT 1 AS id, '' AS name", "GRANT SELECT ON role_plain TO " + reader);
            assertThatThrownBy(() -> views.forRole("plain").awaitFresh(views.token(), TestTimeout.LIMIT))
                    .hasMessageContaining(
                            "public.role_plain is not kept fresh by refreshd: it is no materialized view");
        }
    }

    private List<String> query(String sql) throws Exception {
        try (var connection = as("postgres").getConnection();
                var statement = connection.createStatement()) {
            statement.execute("SET ROLE " + reader);
            statement.execute(sql);
            return List.of();
        }
    }

    private PGSimpleDataSource as(String user) throws Exception {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(database.url());
        dataSource.setUser(user);
        return dataSource;
    }
}
