package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.audit.Audit;
import io.refreshd.audit.AuditReport;
import io.refreshd.audit.Verdict;
import io.refreshd.catalog.UndeterminedQueries;
import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.database.ConnectionPools;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.testing.Checked;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.TestTimeout;
import io.refreshd.testing.VersionedServer;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What is stored, looked up and audited is what a plain session of the view's owner gives, wherever the daemon runs. */
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 16, 17, 18})
class OwnerSettingsIT {
    private static final String DATABASE = "owner_settings";
    private static final List<String> ROLES = List.of("os_tokyo", "os_sydney", "os_german", "os_daemon");

    private static @Nullable VersionedServer server;

    @Parameter
    private int version;

    private final TimeZone zone = TimeZone.getDefault();

    @BeforeParameterizedClassInvocation
    static void startServer(int version) throws Exception {
        server = VersionedServer.start(version);
    }

    @AfterParameterizedClassInvocation
    static void stopServer() throws Exception {
        if (server != null) {
            server.close();
            server = null;
        }
    }

    @BeforeEach
    void create() throws Exception {
        // The driver sends the zone of the JVM with each connection: 14 hours ahead.
        TimeZone.setDefault(TimeZone.getTimeZone("Pacific/Kiritimati"));
        StrictServer.run(url("postgres"), "", "CREATE DATABASE " + DATABASE);
        for (String role : ROLES) {
            StrictServer.run(url("postgres"), "", "CREATE ROLE " + role + " LOGIN");
        }
        execute(
                "GRANT CREATE ON SCHEMA public TO os_tokyo, os_sydney, os_german",
                "CREATE TABLE main (id int PRIMARY KEY, at timestamptz, d date, span interval, bytes bytea, f float8)",
                "ALTER TABLE main REPLICA IDENTITY FULL",
                "GRANT SELECT ON main TO PUBLIC",
                "INSERT INTO main VALUES (1, '2026-03-01 16:30+00', '2026-03-09', '-1 day -2 hours', '\\x00ff', 0.1)");
    }

    @AfterEach
    void drop() throws Exception {
        TimeZone.setDefault(zone);
        StrictServer.run(
                url("postgres"),
                "",
                "SELECT pg_terminate_backend(active_pid, " + TestTimeout.LIMIT.toMillis()
                        + ") FROM pg_replication_slots WHERE database = '" + DATABASE + "' AND active_pid IS NOT NULL");
        StrictServer.run(
                url(DATABASE),
                "",
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '" + DATABASE
                        + "'");
        StrictServer.run(url("postgres"), "", "DROP DATABASE " + DATABASE + " WITH (FORCE)");
        for (String role : ROLES) {
            StrictServer.run(url("postgres"), "", "DROP ROLE " + role);
        }
    }

    @Test
    void theDayIsThatOfTheDatabaseOfTheRoleOrOfTheRoleInTheDatabase() throws Exception {
        execute(
                "ALTER DATABASE " + DATABASE + " SET timezone = 'America/New_York'",
                "ALTER ROLE os_tokyo SET timezone = 'Asia/Tokyo'",
                "ALTER ROLE os_sydney SET timezone = 'UTC'",
                "ALTER ROLE os_sydney IN DATABASE " + DATABASE + " SET timezone = 'Australia/Sydney'",
                // Those of the daemon's own role are not those of the owners.
                "ALTER ROLE postgres IN DATABASE " + DATABASE + " SET timezone = 'Pacific/Honolulu'",
                days("by_database", "postgres"),
                days("by_role", "os_tokyo"),
                days("by_role_in_database", "os_sydney"));
        execute("ALTER MATERIALIZED VIEW by_database OWNER TO os_german");
        try (RunningDaemon daemon = daemon()) {
            daemon.awaitFresh();
            execute("INSERT INTO main VALUES (2, '2026-03-01 13:30+00'), (3, '2026-03-01 03:30+00')");
            for (String view : List.of("by_database", "by_role", "by_role_in_database")) {
                FreshnessWait.await(view, this::query);
            }
            assertThat(query("SELECT format('%s %s', day, n) FROM by_database ORDER BY 1"))
                    .containsExactly("2026-02-28 1", "2026-03-01 2");
            assertThat(query("SELECT format('%s %s', day, n) FROM by_role ORDER BY 1"))
                    .containsExactly("2026-03-01 2", "2026-03-02 1");
            assertThat(query("SELECT format('%s %s', day, n) FROM by_role_in_database ORDER BY 1"))
                    .containsExactly("2026-03-01 1", "2026-03-02 2");
            for (String view : List.of("by_database", "by_role", "by_role_in_database")) {
                assertThat(audit(view).verdict()).as(view).isEqualTo(Verdict.EQUAL);
            }
        }
    }

    /** The driver hides the server's style as it hides the zone, and refreshd's own sessions have another one. */
    @Test
    void withoutAnySettingDatesAreWrittenAsTheServerWritesThem() throws Exception {
        try {
            execute(
                    "ALTER SYSTEM SET datestyle = 'German, DMY'",
                    "SELECT pg_reload_conf()",
                    "SET ROLE os_tokyo; CREATE MATERIALIZED VIEW dated AS SELECT id, d::text AS d FROM main;"
                            + " CREATE UNIQUE INDEX ON dated (id); RESET ROLE",
                    "INSERT INTO main (id, d) VALUES (2, '2026-12-24')");
            try (RunningDaemon daemon = daemon()) {
                daemon.awaitFresh();
                FreshnessWait.await("dated", this::query);
                assertThat(query("SELECT d FROM dated ORDER BY id")).containsExactly("09.03.2026", "24.12.2026");
                assertThat(audit("dated").verdict()).isEqualTo(Verdict.EQUAL);
            }
        } finally {
            execute("ALTER SYSTEM RESET datestyle", "SELECT pg_reload_conf()");
        }
    }

    /** ALTER SYSTEM and a reload leave no trace in the catalog. */
    @Test
    void aSettingOfTheServerAltersTheViews() throws Exception {
        try {
            execute(
                    "ALTER SYSTEM SET intervalstyle = 'sql_standard'",
                    "SELECT pg_reload_conf()",
                    "SET ROLE os_tokyo; CREATE MATERIALIZED VIEW spans AS SELECT id, span::text AS span FROM main;"
                            + " CREATE UNIQUE INDEX ON spans (id); RESET ROLE");
            try (RunningDaemon daemon = daemon()) {
                daemon.awaitFresh();
                execute("INSERT INTO main (id, span) VALUES (2, '3 hours')");
                FreshnessWait.await("spans", this::query);
                assertThat(query("SELECT span FROM spans ORDER BY id")).containsExactly("-1 2:00:00", "3:00:00");
                execute("ALTER SYSTEM SET intervalstyle = 'iso_8601'", "SELECT pg_reload_conf()");
                await("the view is refreshed under the other setting")
                        .until(() -> query("SELECT span FROM spans ORDER BY id").equals(List.of("P-1DT-2H", "PT3H")));
                FreshnessWait.await("spans", this::query);
                assertThat(audit("spans").verdict()).isEqualTo(Verdict.EQUAL);
            }
        } finally {
            execute("ALTER SYSTEM RESET intervalstyle", "SELECT pg_reload_conf()");
        }
    }

    /** DateStyle German: the driver ends a connection on which the server reports it. */
    @Test
    void valuesAreWrittenAsASessionOfTheOwnerWritesThem() throws Exception {
        execute(
                "ALTER ROLE os_german SET datestyle = 'German, DMY'",
                "ALTER ROLE os_german SET intervalstyle = 'sql_standard'",
                "ALTER ROLE os_german SET bytea_output = 'escape'",
                "ALTER ROLE os_german SET extra_float_digits = -14",
                "ALTER ROLE os_german IN DATABASE " + DATABASE + " SET lc_time = 'C'",
                // A login takes no notice of a value that the server refuses.
                "ALTER ROLE os_german SET default_text_search_config = 'gone'",
                "SET ROLE os_german; CREATE MATERIALIZED VIEW written AS SELECT id, d::text AS d, span::text AS span,"
                        + " bytes::text AS bytes, f::text AS f, ('01.02.2026'::text)::date AS parsed,"
                        + " span + interval '-1 day -2 hours' AS moved FROM main WHERE f > 0.01::float8;"
                        + " CREATE UNIQUE INDEX ON written (id); RESET ROLE");
        try (RunningDaemon daemon = daemon()) {
            daemon.awaitFresh();
            execute("INSERT INTO main VALUES (2, now(), '2026-12-24', '3 hours', '\\x01', 0.123456789)");
            FreshnessWait.await("written", this::query);
            assertThat(query("SELECT concat_ws('|', d, span, bytes, f, parsed, moved) FROM written ORDER BY id"))
                    .containsExactly(
                            "09.03.2026|-1 2:00:00|\\000\\377|0.1|2026-02-01|-2 days -04:00:00",
                            "24.12.2026|3:00:00|\\001|0.1|2026-02-01|-1 days +01:00:00");
            assertThat(audit("written").verdict()).isEqualTo(Verdict.EQUAL);

            // A look-up agrees under the same settings, so that the view need not be refreshed.
            execute("BEGIN; INSERT INTO main VALUES (9, now(), '2026-01-02', '1 s', '', 5);"
                    + " DELETE FROM main WHERE id = 9; UPDATE main SET at = at WHERE id = 2; COMMIT");
            FreshnessWait.await("written", this::query);
            // The ledger says so before the listeners are told.
            await().untilAsserted(() -> assertThat(daemon.notices())
                    .anyMatch(notice -> notice instanceof Notice.RefreshAvoided avoided
                            && avoided.reason() == Notice.Avoided.LOOKUP));
        }
    }

    /** The function's body finds {@code helper} by the search path of the session, which a refresh keeps before 17. */
    @Test
    void theAuditOfAnUnqualifiedCallAgreesWithTheRefresh() throws Exception {
        Assumptions.assumeTrue(version < 17, "since 17 a refresh has a safe search_path, and this one fails");
        execute(
                "CREATE SCHEMA app",
                "GRANT USAGE ON SCHEMA app TO PUBLIC",
                "CREATE FUNCTION app.helper(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'",
                "CREATE FUNCTION app.outer(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE"
                        + " AS 'BEGIN RETURN helper(i); END'",
                "ALTER ROLE os_tokyo SET search_path = app",
                "CREATE MATERIALIZED VIEW calling AS SELECT id, app.outer(id) AS twice FROM main WITH NO DATA",
                "ALTER MATERIALIZED VIEW calling OWNER TO os_tokyo");
        execute("SET search_path = app; REFRESH MATERIALIZED VIEW public.calling; RESET search_path");
        execute("CREATE UNIQUE INDEX ON calling (id)");
        try (RunningDaemon daemon = daemon()) {
            daemon.awaitFresh();
            execute("INSERT INTO main VALUES (4)");
            FreshnessWait.await("calling", this::query);
            assertThat(query("SELECT twice FROM calling WHERE id = 4")).containsExactly("8");
            assertThat(audit("calling").verdict()).isEqualTo(Verdict.EQUAL);
        }
    }

    /** A role that may not read the server's files, and whose own settings are in the way. */
    @Test
    void whatCannotBeKnownIsSaid() throws Exception {
        execute(
                "ALTER ROLE os_daemon SET intervalstyle = 'iso_8601'",
                "ALTER ROLE os_tokyo IN DATABASE " + DATABASE + " SET app.tenant = '7'",
                // Loaded at the login, so that the server knows who may set what follows.
                "ALTER ROLE os_daemon SET session_preload_libraries = 'plpgsql'",
                "ALTER ROLE os_tokyo SET plpgsql.variable_conflict = 'use_column'",
                days("by_server", "os_tokyo"));
        String yaml =
                RunningDaemon.configuration(url(DATABASE), "os_slot", "").replace("user: postgres", "user: os_daemon");
        assertThat(Checked.of(yaml).findings())
                .extracting(finding -> finding.path("code").asText())
                .contains("time-zone", "hidden-settings", "forbidden-settings");
        execute(
                "ALTER DATABASE " + DATABASE + " SET timezone = 'UTC'",
                "ALTER ROLE os_daemon RESET intervalstyle",
                "GRANT SET ON PARAMETER plpgsql.variable_conflict TO os_daemon");
        assertThat(Checked.of(yaml).findings())
                .extracting(finding -> finding.path("code").asText())
                .doesNotContain("time-zone", "hidden-settings", "forbidden-settings");
        execute("REVOKE SET ON PARAMETER plpgsql.variable_conflict FROM os_daemon");
    }

    private static String days(String view, String owner) {
        return "SET ROLE " + owner + "; CREATE MATERIALIZED VIEW " + view
                + " AS SELECT at::date AS day, count(*) AS n FROM main GROUP BY 1; CREATE UNIQUE INDEX ON " + view
                + " (day); RESET ROLE";
    }

    private static RunningDaemon daemon() throws Exception {
        return RunningDaemon.start(RunningDaemon.configuration(url(DATABASE), "os_slot", ""));
    }

    private static AuditReport audit(String view) throws Exception {
        DatabaseSettings login = new DatabaseSettings(url(DATABASE), "postgres", new Secret(""));
        try (ConnectionPools pools = ConnectionPools.of(login, 1)) {
            return new Audit(pools.jdbi(), UndeterminedQueries::of, Thread::sleep, TestTimeout.LIMIT, Duration.ZERO)
                    .audit(new ViewId("public", view));
        }
    }

    private static String url(String database) {
        return Objects.requireNonNull(server).url(database);
    }

    private void execute(String... statements) throws SQLException {
        StrictServer.run(url(DATABASE), "", statements);
    }

    private List<String> query(String sql) throws SQLException {
        return StrictServer.ask(url(DATABASE), "", sql);
    }
}
