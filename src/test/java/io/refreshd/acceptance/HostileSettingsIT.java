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
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every kind of session under a role or a database whose settings would stop or bend each of them. */
@ParameterizedClass(name = "ALTER {0}")
@ValueSource(strings = {"ROLE", "DATABASE", "ROLE IN DATABASE"})
class HostileSettingsIT {
    /** Each by itself stops a session, or changes what a statement means or returns. */
    private static final Map<String, String> HOSTILE = hostile();

    @Parameter
    private String scope;

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
        settings.put("session_replication_role", "replica");
        settings.put("default_table_access_method", "heap");
        settings.put("client_min_messages", "debug1");
        settings.put("plan_cache_mode", "force_generic_plan");
        settings.put("work_mem", "64kB");
        settings.put("maintenance_work_mem", "1MB");
        settings.put("max_parallel_workers_per_gather", "0");
        settings.put("check_function_bodies", "off");
        settings.put("lc_messages", "C");
        settings.put("event_triggers", "off");
        settings.put("createrole_self_grant", "set, inherit");
        settings.put("restrict_nonsystem_relation_kind", "view, foreign-table");
        settings.put("exit_on_error", "on");
        settings.put("gin_fuzzy_search_limit", "1");
        settings.put("xmlbinary", "hex");
        settings.put("xmloption", "document");
        settings.put("default_text_search_config", "gone.config");
        settings.put("escape_string_warning", "on");
        settings.put("backslash_quote", "off");
        settings.put("synchronous_commit", "remote_apply");
        settings.put("stats_fetch_consistency", "snapshot");
        settings.put("track_counts", "off");
        settings.put("enable_indexscan", "off");
        settings.put("enable_seqscan", "off");
        settings.put("jit_above_cost", "0");
        settings.put("from_collapse_limit", "1");
        settings.put("app.tenant", "7");
        settings.put("wal_sender_timeout", "1ms");
        settings.put("logical_decoding_work_mem", "64kB");
        settings.put("debug_logical_replication_streaming", "immediate");
        settings.put("constraint_exclusion", "on");
        settings.put("debug_parallel_query", "regress");
        settings.put("tcp_user_timeout", "1");
        settings.put("tcp_keepalives_idle", "1");
        settings.put("client_connection_check_interval", "1ms");
        settings.put("temp_buffers", "800kB");
        settings.put("timezone_abbreviations", "Australia");
        settings.put("join_collapse_limit", "1");
        settings.put("geqo_threshold", "2");
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
            boolean list = setting.getKey().equals("search_path");
            database.execute(target() + " SET " + setting.getKey() + " = "
                    + (list ? setting.getValue() : "'" + setting.getValue() + "'"));
        }
    }

    private String target() {
        return switch (scope) {
            case "ROLE" -> "ALTER ROLE " + role;
            case "DATABASE" -> "ALTER DATABASE " + database.name();
            default -> "ALTER ROLE " + role + " IN DATABASE " + database.name();
        };
    }

    @AfterEach
    void drop() throws Exception {
        // The connection that has been there before the settings.
        database.execute(target() + " RESET ALL");
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
                               current_setting('statement_timeout') <> '1ms', current_setting('lock_timeout') <> '1ms',
                               current_setting('session_replication_role'),
                               current_setting('restrict_nonsystem_relation_kind'),
                               current_setting('exit_on_error'), current_setting('client_min_messages'),
                               current_setting('DateStyle')
                        """)) {
            row.next();
            List<String> found = new ArrayList<>();
            for (int i = 1; i <= 18; i++) {
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
                            "t",
                            "origin",
                            "",
                            "off",
                            "warning",
                            "ISO, MDY");
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
