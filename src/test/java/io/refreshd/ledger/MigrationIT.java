package io.refreshd.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.TestDatabase;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** A ledger of any older version, with the rows that a daemon of that version left, becomes one of the newest version. */
class MigrationIT {
    static final List<Integer> OLDER =
            IntStream.range(1, LedgerSchema.NEWEST).boxed().toList();

    private static final List<String> TABLES =
            List.of("lease", "stream", "view_state", "enrolled_table", "role_view", "refresh_history", "request");

    /** Everything in the schema that the scripts make, with its owner, privileges and comment. */
    private static final String STRUCTURE = """
            SELECT concat_ws(' | ', 'column', c.relname, c.relkind, c.relowner::regrole, a.attnum, a.attname,
                             format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                             pg_get_expr(d.adbin, d.adrelid), a.attacl, col_description(c.oid, a.attnum))
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped AND a.attnum > 0
            LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
            WHERE c.relnamespace = 'refreshd'::regnamespace
            UNION ALL
            SELECT concat_ws(' | ', 'relation', c.relname, c.reloptions, c.relacl, obj_description(c.oid, 'pg_class'),
                             CASE c.relkind WHEN 'i' THEN pg_get_indexdef(c.oid) WHEN 'v' THEN pg_get_viewdef(c.oid) END)
            FROM pg_class c WHERE c.relnamespace = 'refreshd'::regnamespace
            UNION ALL
            SELECT concat_ws(' | ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
            FROM pg_constraint WHERE connamespace = 'refreshd'::regnamespace
            UNION ALL
            SELECT concat_ws(' | ', 'function', oid::regprocedure, proowner::regrole, proacl, obj_description(oid, 'pg_proc'),
                             pg_get_functiondef(oid))
            FROM pg_proc WHERE pronamespace = 'refreshd'::regnamespace
            UNION ALL
            SELECT concat_ws(' | ', 'schema', nspowner::regrole, nspacl, obj_description(oid, 'pg_namespace'))
            FROM pg_namespace WHERE nspname = 'refreshd'
            ORDER BY 1
            """;

    private TestDatabase database;
    private Handle handle;

    @BeforeEach
    void open() throws Exception {
        database = TestDatabase.create();
        handle = database.open();
    }

    @AfterEach
    void close() throws Exception {
        handle.close();
        database.close();
    }

    private static String resource(String name) throws Exception {
        try (InputStream script = Objects.requireNonNull(LedgerSchema.class.getResourceAsStream(name))) {
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Installs as a program of that version did. */
    private void install(int version) throws Exception {
        database.execute("CREATE SCHEMA refreshd");
        for (int i = 1; i <= version; i++) {
            database.execute(resource("V" + i + ".sql"));
        }
    }

    /** Writes rows of every kind, with a value in each column that the version has. */
    private void fill(int version) throws Exception {
        database.execute(
                "INSERT INTO refreshd.lease (token, holder) VALUES (3, 'the daemon before')",
                "INSERT INTO refreshd.stream (slot, system_identifier, timeline, acknowledged, stretch, beat_interval)"
                        + " VALUES ('refreshd', 7, 1, '0/300', 4, '3 s')",
                "INSERT INTO refreshd.view_state (view_schema, view_name, view_oid, lineage, upstream, blind, marked, covered,"
                        + " dirty_since, watermark, snapshot, refreshed_at, last_duration, method, refreshes, failures, paused,"
                        + " suspended_what, suspended_mend) VALUES"
                        + " ('public', 'clean', 1001, 'l', '{}', false, 2, 2, NULL, '0/200', '10:20:12', '2026-01-01', '1 s',"
                        + "  'concurrent', 5, 0, false, NULL, NULL),"
                        + " ('public', 'dirty', 1002, 'm', '{}', false, 3, 2, '2026-01-02', '0/100', '10:10:', '2026-01-01',"
                        + "  '2 s', 'plain', 6, 1, true, NULL, NULL),"
                        + " ('public', 'stuck', 1003, 'n', '{}', false, 4, 2, '2026-01-02', '0/100', NULL, NULL, NULL, NULL, 0, 3,"
                        + "  false, 'no privilege', 'GRANT it;'),"
                        + " ('public', 'on_top', 1004, 'o', '{1001,1003}', false, 4, 2, '2026-01-03', '0/100', NULL, NULL, NULL,"
                        + "  NULL, 0, 0, false, NULL, NULL),"
                        + " ('public', 'clock', 1005, 'p', '{}', true, 2, 2, NULL, NULL, NULL, NULL, NULL, NULL, 1, 0, false,"
                        + "  NULL, NULL)",
                "INSERT INTO refreshd.enrolled_table VALUES ('public', 'main', 2001, 'entry')",
                "INSERT INTO refreshd.role_view (view_schema, view_name, view_oid, template, role, definition)"
                        + " VALUES ('public', 'role_a', 1006, 'public.role_{role}', 'a', 'SELECT 1')",
                "INSERT INTO refreshd.refresh_history (view_schema, view_name, duration, method, outcome, rows_changed, watermark,"
                        + " detail) VALUES ('public', 'clean', '1 s', 'concurrent', 'refreshed', 7, '0/200', NULL),"
                        + " ('public', 'stuck', '1 s', 'concurrent', 'failed', NULL, NULL, 'no privilege')",
                "INSERT INTO refreshd.request (kind, view_oid) VALUES ('refresh', 1001), ('pause', 1002)");
        if (version >= 2) {
            database.execute("UPDATE refreshd.view_state SET obstacle_what = 'no index', obstacle_mend = 'CREATE it;'"
                    + " WHERE view_name = 'dirty'");
        }
        if (version >= 3) {
            database.execute("UPDATE refreshd.view_state SET suspended_xid = '77' WHERE view_name = 'stuck'");
        }
        if (version >= 4) {
            database.execute(
                    "UPDATE refreshd.view_state SET commit_time = '2026-01-01' WHERE view_name = 'clean'",
                    "UPDATE refreshd.lease SET timeline = 1",
                    "UPDATE refreshd.stream SET commit_time = '2026-01-04'");
        }
    }

    /** Every row of every table, without the names of the columns; those that a version lacks are null after the upgrade, or have a default. */
    private List<String> rows() throws Exception {
        List<String> rows = new ArrayList<>();
        for (String table : TABLES) {
            for (String row : database.query(
                    "SELECT concat_ws(' | ', VARIADIC ARRAY(SELECT v FROM jsonb_each_text(to_jsonb(t)) e (k, v)"
                            + " WHERE v IS NOT NULL AND k NOT IN ('suspended_sql', 'obstacle_sql', 'untracked_sql', 'lock_key')"
                            + " ORDER BY v)) FROM refreshd." + table + " t ORDER BY 1")) {
                rows.add(table + ": " + row);
            }
        }
        return rows;
    }

    /** The values of a row are ordered by their text. */
    private static String sorted(String row) {
        String table = row.substring(0, row.indexOf(": ") + 2);
        return table
                + String.join(
                        " | ",
                        Stream.of(row.substring(table.length()).split(" \\| "))
                                .sorted()
                                .toList());
    }

    private List<String> query(String sql) throws Exception {
        return database.query(sql);
    }

    @ParameterizedTest
    @FieldSource("OLDER")
    void anOlderLedgerLosesNothingAndEqualsANewOne(int version) throws Exception {
        install(version);
        fill(version);
        List<String> before = rows();
        assertThat(before).hasSize(13);

        LedgerSchema.migrate(handle);

        // The words of the server may quote rows: they move to a table that nobody may read.
        assertThat(rows())
                .isEqualTo(before.stream()
                        .map(row -> row.startsWith("refresh_history")
                                ? row.replace("no privilege", "it failed before refreshd was upgraded")
                                : row.replace("no privilege", "the last refresh failed before refreshd was upgraded"))
                        .map(MigrationIT::sorted)
                        .toList());
        assertThat(query("SELECT view_oid || ' ' || message FROM refreshd.failure_message"))
                .containsExactly("1003 no privilege");
        assertThat(query("SELECT max(version) FROM refreshd.schema_version"))
                .containsExactly(String.valueOf(LedgerSchema.NEWEST));
        assertThat(LedgerSchema.pending(handle)).isEmpty();
        assertThat(query("SELECT concat_ws(', ', view_name, state, watermark, reason, remedy) FROM refreshd.freshness"
                        + " ORDER BY 1"))
                .containsExactly(
                        "clean, fresh, 0/300",
                        "clock, untracked, it reads a source whose changes the log does not show",
                        version == 1 ? "dirty, paused, 0/100" : "dirty, suspended, 0/100, no index, CREATE it;",
                        "on_top, blocked, 0/100, stands on public.stuck, which is suspended:"
                                + " the last refresh failed before refreshd was upgraded, GRANT it;",
                        "stuck, suspended, 0/100, the last refresh failed before refreshd was upgraded, GRANT it;");
        assertThat(query("SELECT epoch FROM refreshd.stream")).containsExactly("4");
        assertThat(query("SELECT view_name FROM refreshd.view_state WHERE untracked"))
                .containsExactly("clock");
        assertThat(query("SELECT has_function_privilege('pg_monitor',"
                        + " 'refreshd.wait_until_fresh(regclass, pg_lsn, interval)', 'EXECUTE')"))
                .containsExactly("t");
        try (Lease lease = Lease.tryTake(database.open(), "the daemon now").orElseThrow()) {
            assertThat(lease.token()).isEqualTo(4);
            assertThat(lease.isHeld()).isTrue();
        }
        assertThat(query(STRUCTURE)).containsExactlyElementsOf(structureOfANewOne());
    }

    private static List<String> structureOfANewOne() throws Exception {
        try (TestDatabase other = TestDatabase.create();
                Handle empty = other.open()) {
            LedgerSchema.migrate(empty);
            List<String> structure = other.query(STRUCTURE);
            assertThat(structure).hasSizeGreaterThan(100);
            return structure;
        }
    }

    /** A dashboard may be built on the view, and an administrator may have granted more, or revoked what everybody has. */
    @ParameterizedTest
    @FieldSource("OLDER")
    void anUpgradeKeepsWhatOthersBuiltOnTheSurfaceAndTheirPrivileges(int version) throws Exception {
        install(version);
        fill(version);
        database.execute(
                "CREATE VIEW dashboard AS SELECT view_name, mend FROM refreshd.freshness",
                "REVOKE SELECT ON refreshd.freshness FROM PUBLIC",
                "REVOKE USAGE ON SCHEMA refreshd FROM PUBLIC",
                "REVOKE EXECUTE ON FUNCTION refreshd.wait_until_fresh FROM PUBLIC",
                "GRANT SELECT ON refreshd.freshness, refreshd.refresh_history TO pg_monitor");

        LedgerSchema.migrate(handle);

        assertThat(query("SELECT mend FROM dashboard WHERE view_name = 'stuck'"))
                .as("the column of the dashboard keeps its own name")
                .containsExactly("GRANT it;");
        assertThat(query("SELECT concat_ws(' ', has_table_privilege('pg_monitor', 'refreshd.freshness', 'SELECT'),"
                        + " has_table_privilege('pg_monitor', 'refreshd.refresh_history', 'SELECT'),"
                        + " has_table_privilege('pg_read_all_settings', 'refreshd.freshness', 'SELECT'),"
                        + " has_schema_privilege('pg_read_all_settings', 'refreshd', 'USAGE'),"
                        + " has_function_privilege('pg_monitor',"
                        + " 'refreshd.wait_until_fresh(regclass, pg_lsn, interval)', 'EXECUTE'))"))
                .containsExactly("t t f f f");
    }

    /** The role of the daemon owns the schema and nothing else; it needs no right that a superuser has. */
    @ParameterizedTest
    @FieldSource("OLDER")
    void theOwnerOfTheSchemaMayUpgradeIt(int version) throws Exception {
        String role = "owner_" + database.name();
        database.execute("CREATE ROLE " + role + " LOGIN", "CREATE SCHEMA refreshd AUTHORIZATION " + role);
        try (Handle owner = database.open()) {
            owner.execute("SET ROLE " + role);
            for (int i = 1; i <= version; i++) {
                try (var statement = owner.getConnection().createStatement()) {
                    statement.execute(resource("V" + i + ".sql"));
                }
            }
            LedgerSchema.migrate(owner);
            assertThat(LedgerSchema.pending(owner)).isEmpty();
        } finally {
            database.execute("DROP OWNED BY " + role, "DROP ROLE " + role);
        }
    }

    /** As {@code init --print} has a DBA do it. */
    /** Every role may take any advisory lock. */
    @Test
    void aStrangerWhoHoldsTheAdvisoryLockKeepsNobodyFromMigrating() throws Exception {
        try (Handle stranger = database.open()) {
            stranger.execute("SELECT pg_advisory_lock(x'7265667265736864'::bigint)");
            LedgerSchema.migrate(handle);
            LedgerSchema.migrate(handle);
            assertThat(LedgerSchema.pending(handle)).isEmpty();
        }
    }

    @Test
    void theScriptsCanBeRunAsOneText() throws Exception {
        install(1);
        fill(1);
        String all = String.join(
                "\n",
                Stream.concat(Stream.of("BEGIN;"), LedgerSchema.pending(handle).stream())
                        .toList());
        database.execute(all + "\nCOMMIT;");
        assertThat(LedgerSchema.pending(handle)).isEmpty();
        assertThat(query(STRUCTURE)).containsExactlyElementsOf(structureOfANewOne());
    }

    /** Whoever repeats a script, by hand say, breaks nothing. */
    @Test
    void scriptsCanBeRepeated() throws Exception {
        LedgerSchema.migrate(handle);
        List<String> structure = query(STRUCTURE);
        database.execute(resource("upgrade.sql"), resource("schema.sql"), resource("surface.sql"));
        assertThat(query(STRUCTURE)).isEqualTo(structure);
    }
}
