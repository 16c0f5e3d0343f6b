package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.cli.Refreshd;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Attacks as in {@link ForeignCodeIT}, by code of further kinds, all under one daemon whose role is a superuser. Each attack has a schema
 * with a table, a view and functions of its own, so that the server's counters tell which of them succeeded.
 *
 * <p>Each of them runs if all code counts as trusted. So there is none here of what a query never runs, whoever wrote it: triggers, rules
 * for other statements, defaults and stored generated columns. A collation has no code, and a virtual column may call none of users.
 */
class ForeignCodeKindsIT {
    /** Of the attacker's functions: the one that counts as run, one that calls it from a session of refreshd, and one that calls that one. */
    private static final String[] FUNCTIONS = {
        "CREATE FUNCTION reported() RETURNS void LANGUAGE plpgsql AS 'BEGIN END'",
        """
        CREATE FUNCTION act() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
        BEGIN
            IF session_user IN ('REFRESHD', 'postgres') THEN
                PERFORM set_config('role', 'none', true);
                PERFORM SCHEMA.reported();
            END IF;
            RETURN true;
        EXCEPTION WHEN OTHERS THEN
            RETURN true;
        END $$
        """,
        "CREATE FUNCTION one(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM SCHEMA.act(); RETURN 1; END'",
        "CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL, n int)",
        "INSERT INTO t SELECT i, 'v' || i, i FROM generate_series(1, 20) i"
    };

    private static final Map<String, List<String>> ATTACKS = Map.ofEntries(
            Map.entry(
                    "final_function",
                    List.of(
                            "CREATE AGGREGATE agg(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', FINALFUNC = one)",
                            "CREATE MATERIALIZED VIEW mv AS SELECT id, agg(n) AS v FROM t GROUP BY id")),
            Map.entry(
                    "moving_aggregate",
                    List.of(
                            "CREATE AGGREGATE agg(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', MSFUNC = int4pl,"
                                    + " MINVFUNC = int4mi, MSTYPE = int, MINITCOND = '0', MFINALFUNC = one)",
                            "CREATE MATERIALIZED VIEW mv AS SELECT id, agg(n) OVER (ORDER BY id ROWS 1 PRECEDING) AS v FROM t")),
            Map.entry(
                    "difference_of_ranges",
                    List.of(
                            "CREATE FUNCTION diff(int, int) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS"
                                    + " 'BEGIN PERFORM SCHEMA.act(); RETURN $1 - $2; END'",
                            "CREATE TYPE rng AS RANGE (subtype = int4, subtype_diff = diff)",
                            "ALTER TABLE t ADD COLUMN r rng",
                            "UPDATE t SET r = rng(n, n + 5)",
                            // The planner estimates by the differences between the bounds that are most frequent.
                            "ANALYZE t",
                            "CREATE MATERIALIZED VIEW mv AS SELECT id, v FROM t WHERE r && rng(2, 9)")),
            Map.entry(
                    "domain_over_array",
                    List.of(
                            "CREATE DOMAIN dom AS int[] CHECK (act())",
                            "CREATE MATERIALIZED VIEW mv AS SELECT id, ARRAY[n]::dom AS v FROM t")),
            Map.entry(
                    "domain_over_composite",
                    List.of(
                            "CREATE TYPE comp AS (x int)",
                            "CREATE DOMAIN dom AS comp CHECK (act())",
                            "CREATE MATERIALIZED VIEW mv AS SELECT id, ROW(n)::comp::dom AS v FROM t")),
            Map.entry(
                    "statistics_of_a_child",
                    List.of(
                            "CREATE TABLE child (PRIMARY KEY (id)) INHERITS (t)",
                            "CREATE STATISTICS odd ON v, (one(1)) FROM child",
                            "CREATE MATERIALIZED VIEW mv AS SELECT id, v FROM t")),
            Map.entry(
                    "check_of_a_child",
                    List.of(
                            "CREATE TABLE child (PRIMARY KEY (id), CHECK (n > one(1))) INHERITS (t)",
                            "CREATE MATERIALIZED VIEW mv AS SELECT id, v FROM t WHERE n > 0")),
            Map.entry(
                    "key_of_a_partition",
                    List.of(
                            "CREATE TABLE parted (id int, v text) PARTITION BY RANGE (id)",
                            "CREATE TABLE part PARTITION OF parted DEFAULT PARTITION BY HASH ((id + one(1)))",
                            "CREATE TABLE leaf PARTITION OF part FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
                            // It can have no primary key, and nothing could be claimed of the view.
                            "ALTER TABLE leaf REPLICA IDENTITY FULL",
                            "CREATE MATERIALIZED VIEW mv AS SELECT t.id, p.v FROM t LEFT JOIN parted p USING (id)")),
            // Planned with the partition that is read, if constraint_exclusion is on.
            Map.entry(
                    "key_of_the_parent",
                    List.of(
                            "CREATE TABLE parted (id int NOT NULL, v text NOT NULL, n int) PARTITION BY RANGE ((id + one(1)))",
                            "ALTER TABLE parted ATTACH PARTITION t DEFAULT",
                            "CREATE MATERIALIZED VIEW mv AS SELECT id, v FROM t WHERE n > 0")),
            Map.entry(
                    "negator",
                    List.of(
                            "CREATE FUNCTION other(int, int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS"
                                    + " 'BEGIN PERFORM SCHEMA.act(); RETURN $1 <> $2; END'",
                            "CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int, NEGATOR = !==)",
                            "CREATE OPERATOR !== (FUNCTION = other, LEFTARG = int, RIGHTARG = int, NEGATOR = ===)",
                            "CREATE MATERIALIZED VIEW mv AS SELECT id, v FROM t WHERE NOT (n === 7)")),
            Map.entry(
                    "cast_to_json",
                    List.of(
                            "CREATE TYPE e AS ENUM ('a')",
                            "CREATE FUNCTION shown(e) RETURNS json LANGUAGE plpgsql IMMUTABLE AS"
                                    + " 'BEGIN PERFORM SCHEMA.act(); RETURN ''1''; END'",
                            "CREATE CAST (e AS json) WITH FUNCTION shown(e)",
                            "ALTER TABLE t ADD COLUMN e e DEFAULT 'a'",
                            "CREATE MATERIALIZED VIEW mv AS SELECT id, row_to_json(t)::text AS v FROM t")),
            Map.entry(
                    "parsed_body",
                    List.of(
                            "CREATE FUNCTION outer_one(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN one($1)",
                            "CREATE MATERIALIZED VIEW mv AS SELECT id, outer_one(n) AS v FROM t")),
            // The table's child is on a server of hers, which is this one; of a superuser it asks for no password.
            Map.entry(
                    "foreign_table",
                    List.of(
                            "CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw"
                                    + " OPTIONS (host 'localhost', port 'PORT', dbname 'DATABASE')",
                            "CREATE USER MAPPING FOR PUBLIC SERVER loop OPTIONS (user 'postgres')",
                            "CREATE VIEW evil AS SELECT g AS id, 'x' AS v, CASE WHEN act() THEN 1 END AS n"
                                    + " FROM generate_series(1, 20) g",
                            "CREATE MATERIALIZED VIEW mv AS SELECT id, v FROM t",
                            "CREATE FOREIGN TABLE child () INHERITS (t) SERVER loop"
                                    + " OPTIONS (schema_name 'foreign_table', table_name 'evil')")));

    @TempDir
    private Path folder;

    private TestDatabase database;
    private String refreshd;
    private String mallory;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        refreshd = "refreshd_" + database.name();
        mallory = "mallory_" + database.name();
        database.execute(
                "CREATE ROLE " + refreshd + " SUPERUSER LOGIN REPLICATION",
                "CREATE ROLE " + mallory + " LOGIN",
                "ALTER DATABASE " + database.name() + " SET track_functions = 'pl'",
                "ALTER DATABASE " + database.name() + " SET constraint_exclusion = on",
                "CREATE EXTENSION postgres_fdw",
                "GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO " + mallory);
        for (String schema : ATTACKS.keySet()) {
            database.execute("CREATE SCHEMA " + schema + " AUTHORIZATION " + mallory);
            prepare(schema);
        }
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
        try (Connection admin =
                        DriverManager.getConnection(TestDatabase.server().url("postgres"), LocalPostgres.USER, "");
                Statement statement = admin.createStatement()) {
            statement.execute("DROP ROLE " + refreshd + ", " + mallory);
        }
    }

    @Test
    void noneOfThemRunsAsRefreshd() throws Exception {
        String yaml = RunningDaemon.configuration(database.url(), database.slot(), """
                        views: { include: ['*.*'], quiet-period: 50ms, untracked-max-staleness: 1s }
                        audit: { interval: 100ms }
                        """)
                .replace("user: postgres", "user: " + refreshd);
        try (RunningDaemon daemon = RunningDaemon.start(yaml)) {
            for (String schema : ATTACKS.keySet()) {
                await(schema).until(() -> daemon.view(schema + ".mv").isPresent());
                mallory(
                        "UPDATE ONLY " + schema + ".t SET n = n + 1 WHERE id = 3",
                        "UPDATE ONLY " + schema + ".t SET v = 'new' WHERE id = 4");
            }
            for (String schema : ATTACKS.keySet()) {
                // No position can be claimed of a view over a foreign table.
                if (!schema.equals("foreign_table")) {
                    FreshnessWait.await(schema + ".mv", database::query);
                }
                verb(yaml, "explain", schema + ".t", "--key", "3");
                verb(yaml, "convert", schema + ".mv");
            }
            for (String verb : List.of("audit", "check", "graph", "status")) {
                verb(yaml, verb);
            }
        }
        // Each session tells its counts at its end.
        await().until(() -> database.query("SELECT count(*) FROM pg_stat_activity WHERE usename = '" + refreshd + "'")
                .equals(List.of("0")));
        assertThat(database.query("SELECT schemaname FROM pg_stat_user_functions WHERE funcname = 'reported'"))
                .isEmpty();
    }

    private void prepare(String schema) throws Exception {
        List<String> statements = new ArrayList<>(List.of("SET search_path = " + schema + ", public"));
        for (String sql : FUNCTIONS) {
            statements.add(filled(sql, schema));
        }
        for (String sql : Objects.requireNonNull(ATTACKS.get(schema))) {
            statements.add(filled(sql, schema));
        }
        statements.add("CREATE UNIQUE INDEX ON mv (id)");
        mallory(statements.toArray(String[]::new));
    }

    private String filled(String sql, String schema) throws Exception {
        return sql.replace("SCHEMA", schema)
                .replace("REFRESHD", refreshd)
                .replace("PORT", String.valueOf(TestDatabase.server().port()))
                .replace("DATABASE", database.name());
    }

    private void mallory(String... statements) throws Exception {
        try (Handle handle = database.open(mallory);
                Statement statement = handle.getConnection().createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private void verb(String yaml, String... arguments) throws Exception {
        Path file = Files.writeString(folder.resolve("refreshd.yaml"), yaml);
        StringWriter out = new StringWriter();
        Refreshd.commandLine(Map.of())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(out, true))
                .execute(Stream.concat(Stream.of(arguments), Stream.of("--config", file.toString()))
                        .toArray(String[]::new));
    }
}
