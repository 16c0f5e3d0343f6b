package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.cli.Refreshd;
import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.database.ConnectionPools;
import io.refreshd.database.Connector;
import io.refreshd.database.SessionKind;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every kind of session under a role whose settings would stop or bend each of them. */
class HostileSettingsIT {
    /** Each by itself stops a session, or changes what a statement means or returns. */
    private static final Map<String, String> HOSTILE = hostile();

    @TempDir
    private Path folder;

    private TestDatabase database;
    private String role;

    private static Map<String, String> hostile() {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("statement_timeout", "1ms");
        settings.put("lock_timeout", "1ms");
        settings.put("idle_in_transaction_session_timeout", "1ms");
        settings.put("idle_session_timeout", "50ms");
        settings.put("transaction_timeout", "1ms");
        settings.put("default_transaction_read_only", "on");
        settings.put("default_transaction_isolation", "serializable");
        settings.put("default_transaction_deferrable", "on");
        settings.put("row_security", "off");
        settings.put("standard_conforming_strings", "off");
        settings.put("search_path", "mischief, public");
        settings.put("\"TimeZone\"", "Asia/Tokyo");
        settings.put("\"IntervalStyle\"", "sql_standard");
        settings.put("\"DateStyle\"", "German");
        settings.put("extra_float_digits", "-15");
        settings.put("bytea_output", "escape");
        settings.put("quote_all_identifiers", "on");
        settings.put("transform_null_equals", "on");
        settings.put("array_nulls", "off");
        settings.put("role", "nobody_here");
        return settings;
    }

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        role = "hostile_" + database.name();
        database.execute(
                "CREATE ROLE " + role + " SUPERUSER LOGIN",
                "DO $$ BEGIN CREATE ROLE nobody_here; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
                "CREATE SCHEMA mischief",
                // Found before the server's own, if the path were the role's.
                "CREATE FUNCTION mischief.pg_current_snapshot() RETURNS text LANGUAGE sql AS $$ SELECT 'mischief' $$",
                "CREATE TABLE main (id integer PRIMARY KEY, span interval, bytes bytea)",
                "CREATE MATERIALIZED VIEW v AS SELECT id, span, bytes FROM main",
                "CREATE UNIQUE INDEX ON v (id)",
                "GRANT nobody_here TO " + role);
        for (Map.Entry<String, String> setting : HOSTILE.entrySet()) {
            database.execute("ALTER ROLE " + role + " SET " + setting.getKey() + " = "
                    + (setting.getKey().equals("search_path") ? setting.getValue() : "'" + setting.getValue() + "'"));
        }
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
        try (Connection connection =
                        DriverManager.getConnection(TestDatabase.server().url("postgres"), LocalPostgres.USER, "");
                Statement statement = connection.createStatement()) {
            statement.execute("DROP ROLE " + role);
        }
    }

    @ParameterizedTest
    @EnumSource(SessionKind.class)
    void aSessionHasTheSettingsOfRefreshd(SessionKind kind) throws Exception {
        try (Connection connection = new Connector(login(), kind, "test").open()) {
            assertSettings(connection);
        }
    }

    @Test
    void thePoolAndTheConnectionsBesideItHaveThem() throws Exception {
        try (ConnectionPools pools = ConnectionPools.of(login(), 1)) {
            try (var handle = pools.jdbi().open()) {
                assertSettings(handle.getConnection());
            }
            try (var handle = pools.direct()) {
                assertSettings(handle.getConnection());
            }
        }
    }

    @Test
    void theDaemonRefreshesAndTheVerbsAnswer() throws Exception {
        String yaml = """
                database: { url: "%s", user: %s }
                capture: { slot: %s, heartbeat-interval: 200ms, catalog-poll-interval: 200ms }
                views: { quiet-period: 50ms }
                http: { listen: "127.0.0.1:0" }
                """.formatted(database.url(), role, database.slot());
        try (RunningDaemon daemon = RunningDaemon.start(yaml)) {
            daemon.awaitFresh();
            database.execute("INSERT INTO main VALUES (1, '1 day 2 hours', '\\x00ff')");
            Awaitility.await()
                    .untilAsserted(() -> assertThat(database.query("SELECT id || ' ' || span FROM v"))
                            .containsExactly("1 1 day 02:00:00"));
            daemon.awaitFresh();
            assertThat(verb(yaml, "check")).contains("0 errors");
            assertThat(verb(yaml, "status")).contains("public.v").contains("fresh");
            assertThat(verb(yaml, "audit")).contains("equal");
            assertThat(verb(yaml, "graph")).contains("public.main");
        }
    }

    private DatabaseSettings login() throws Exception {
        return new DatabaseSettings(database.url(), role, new Secret(""));
    }

    private static void assertSettings(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        SELECT current_user = session_user, current_setting('transaction_read_only'),
                               current_setting('transaction_isolation'), current_setting('search_path'),
                               current_setting('TimeZone'), current_setting('row_security'),
                               '1 day 2 hours'::interval::text, 0.1::float8::text, '\\x00ff'::bytea::text,
                               current_setting('quote_all_identifiers'), current_setting('transaction_timeout'),
                               current_setting('statement_timeout') <> '1ms', current_setting('lock_timeout') <> '1ms'
                        """)) {
            row.next();
            List<String> found = new ArrayList<>();
            for (int i = 1; i <= 13; i++) {
                found.add(row.getString(i));
            }
            assertThat(found)
                    .containsExactly(
                            "t",
                            "off",
                            "read committed",
                            "",
                            "UTC",
                            "on",
                            "1 day 02:00:00",
                            "0.1",
                            "\\x00ff",
                            "off",
                            "0",
                            "t",
                            "t");
        }
    }

    private String verb(String yaml, String verb) throws Exception {
        Path file = Files.writeString(folder.resolve("refreshd.yaml"), yaml);
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Refreshd.commandLine(Map.of())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(verb, "--config", file.toString());
        return out + "" + err;
    }
}
