package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.ViewId;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which changes of the database change the fingerprint and the lineage, and which do not. */
class FingerprintIT {
    private static final ViewId V = new ViewId("public", "v");

    private TestDatabase database;
    private Connection reader;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE log (id int, at date, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
                "CREATE TABLE log_25 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
                "CREATE TABLE log_26 (LIKE log INCLUDING ALL)",
                "CREATE TABLE keyless (id int NOT NULL, other int)",
                "CREATE UNIQUE INDEX keyless_id ON keyless (id)",
                "CREATE FUNCTION pure(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
                "CREATE VIEW plain AS SELECT id, at, note FROM log",
                "CREATE MATERIALIZED VIEW v AS SELECT p.id, p.at, pure(k.id) AS k FROM plain p LEFT JOIN keyless k USING (id)",
                "CREATE UNIQUE INDEX v_id ON v (id, at)",
                "CREATE MATERIALIZED VIEW empty AS SELECT id FROM keyless WITH NO DATA",
                "CREATE SCHEMA later",
                "INSERT INTO log VALUES (1, '2025-05-05', 'x')");
        reader = database.connect();
    }

    @AfterEach
    void drop() throws Exception {
        reader.close();
        database.close();
    }

    /** To plan the comparison takes longer than to run it. */
    @Test
    void aSessionPlansTheComparisonOnceWhateverItIsComparedWith() throws Exception {
        try (Statement statement = reader.createStatement()) {
            // As in SessionKind.CATALOG.
            statement.execute("SET plan_cache_mode = force_generic_plan");
        }
        Fingerprint before = CatalogReader.fingerprint(reader);
        assertThat(before.isCurrent(reader)).isTrue();
        database.execute("CREATE MATERIALIZED VIEW w AS SELECT id FROM keyless");
        assertThat(before.isCurrent(reader)).isFalse();
        Fingerprint after = CatalogReader.fingerprint(reader);
        assertThat(after.relations()).isNotEqualTo(before.relations());
        assertThat(after.isCurrent(reader)).isTrue();
        try (Statement statement = reader.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT custom_plans, generic_plans FROM pg_prepared_statements"
                                + " WHERE statement LIKE '%string_to_table%' AND statement NOT LIKE '%pg_prepared_statements%'")) {
            assertThat(row.next()).isTrue();
            assertThat(row.getInt(1)).as("plans for given values").isZero();
            assertThat(row.getInt(2)).isEqualTo(3);
            assertThat(row.next()).as("another statement").isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE MATERIALIZED VIEW w AS SELECT 1 AS one",
                "DROP MATERIALIZED VIEW empty",
                "ALTER MATERIALIZED VIEW v RENAME TO w",
                "ALTER MATERIALIZED VIEW v RENAME COLUMN k TO l",
                "ALTER MATERIALIZED VIEW v SET SCHEMA later",
                "DROP MATERIALIZED VIEW empty; CREATE MATERIALIZED VIEW empty AS SELECT id FROM keyless WITH NO DATA",
                "CREATE OR REPLACE VIEW plain AS SELECT id, at, note FROM log WHERE id > 0",
                "CREATE UNIQUE INDEX ON v (at, id)",
                "ALTER INDEX v_id RENAME TO w_id",
                "DROP INDEX v_id",
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'v_id'::regclass",
                "REFRESH MATERIALIZED VIEW empty",
                "REFRESH MATERIALIZED VIEW v WITH NO DATA",
                "ALTER TABLE log ATTACH PARTITION log_26 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
                "ALTER TABLE log DETACH PARTITION log_25",
                "CREATE TABLE child () INHERITS (keyless)",
                "ALTER TABLE keyless REPLICA IDENTITY FULL",
                "ALTER TABLE keyless REPLICA IDENTITY USING INDEX keyless_id",
                "ALTER TABLE keyless ADD PRIMARY KEY (id)",
                "ALTER TABLE keyless ADD COLUMN more int",
                "ALTER TABLE keyless RENAME COLUMN other TO another",
                "ALTER TABLE keyless DROP COLUMN other",
                "ALTER TABLE keyless ALTER COLUMN other TYPE bigint",
                "ALTER TABLE keyless RENAME TO keyed",
                "ALTER TABLE keyless SET UNLOGGED",
                "ALTER SCHEMA public RENAME TO private",
                "ALTER FUNCTION pure(int) VOLATILE",
                "CREATE OR REPLACE FUNCTION pure(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'"
            })
    void differsIfTheCatalogDoes(String ddl) throws Exception {
        State before = state();
        database.execute(ddl);
        State after = state();
        assertThat(after.catalog()).isNotEqualTo(before.catalog());
        assertThat(after.fingerprint()).isNotEqualTo(before.fingerprint());
        assertThat(before.fingerprint().isCurrent(reader)).isFalse();
        assertThat(after.fingerprint().isCurrent(reader)).isTrue();
    }

    /** A view's own version stays where others alter what it does not read. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE MATERIALIZED VIEW w AS SELECT id FROM keyless",
                "DROP MATERIALIZED VIEW empty",
                "REFRESH MATERIALIZED VIEW empty",
                "ALTER MATERIALIZED VIEW empty RENAME COLUMN id TO key",
                "CREATE SCHEMA unrelated",
                "ALTER SCHEMA later RENAME TO late",
                "CREATE OR REPLACE FUNCTION pure(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'"
            })
    void theVersionOfAViewStaysWhereOthersAreAltered(String ddl) throws Exception {
        State before = state();
        database.execute(ddl);
        State after = state();
        assertThat(after.fingerprint()).isNotEqualTo(before.fingerprint());
        assertThat(after.versionOf(V)).isEqualTo(before.versionOf(V)).isNotEmpty();
    }

    /** Not even what is altered to and fro leaves a view's version as it was. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER MATERIALIZED VIEW v RENAME COLUMN k TO l; ALTER MATERIALIZED VIEW v RENAME COLUMN l TO k",
                "CREATE OR REPLACE VIEW plain AS SELECT id, at, note FROM log",
                "DROP INDEX v_id; CREATE UNIQUE INDEX v_id ON v (id, at)",
                "ALTER TABLE log ATTACH PARTITION log_26 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
                "ALTER TABLE log DETACH PARTITION log_25",
                "ALTER TABLE log DETACH PARTITION log_25;"
                        + " ALTER TABLE log ATTACH PARTITION log_25 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
                "CREATE TABLE child () INHERITS (keyless)",
                "ALTER TABLE keyless REPLICA IDENTITY FULL",
                "ALTER TABLE keyless REPLICA IDENTITY USING INDEX keyless_id",
                "ALTER TABLE keyless ADD PRIMARY KEY (id)",
                "ALTER TABLE keyless ADD COLUMN more int",
                "ALTER TABLE keyless DROP COLUMN other",
                "ALTER TABLE keyless ALTER COLUMN other TYPE bigint",
                "ALTER TABLE keyless RENAME TO keyed",
                "ALTER TABLE keyless SET UNLOGGED",
                "ALTER TABLE log_25 SET SCHEMA later",
                "ALTER TABLE keyless ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY p ON keyless USING (true)",
                "ALTER TABLE keyless ADD CHECK (id > 0)",
                "GRANT SELECT ON log_25 TO PUBLIC",
                "GRANT CREATE ON SCHEMA public TO PUBLIC",
                "CREATE STATISTICS s ON id, other FROM keyless",
                "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 5000', current_database()); END $$"
            })
    void theVersionOfAViewDiffersIfWhatItReadsWasAltered(String ddl) throws Exception {
        State before = state();
        database.execute(ddl);
        assertThat(state().versionOf(V)).isNotEqualTo(before.versionOf(V));
    }

    /** The number of rows in the system tables stays where one is replaced. Each of these alters one system table alone. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    SELECT | GRANT SELECT ON log_25 TO PUBLIC
                    SELECT | ALTER ROLE {owner} BYPASSRLS
                    GRANT {group} TO {owner} | GRANT {group} TO {owner} WITH ADMIN OPTION
                    ALTER ROLE {owner} SET work_mem = 4000 | ALTER ROLE {owner} SET work_mem = 5000
                    SELECT | GRANT CREATE ON SCHEMA public TO PUBLIC
                    SELECT | ALTER TABLE keyless RENAME COLUMN other TO another
                    SELECT | CREATE OR REPLACE VIEW plain AS SELECT id, at, note FROM log
                    SELECT | ALTER POLICY of_group ON keyless USING (id > 0)
                    SET allow_system_table_mods = on | UPDATE pg_inherits SET inhseqno = inhseqno
                    SELECT | ALTER INDEX v_id RENAME TO w_id
                    CREATE STATISTICS s ON id, other FROM keyless | ALTER STATISTICS s SET STATISTICS 100
                    ALTER TABLE keyless ADD CONSTRAINT c CHECK (id > 0) | ALTER TABLE keyless DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (id > 1)
                    CREATE ROLE {other} SUPERUSER | BEGIN; DROP ROLE {other}; CREATE ROLE {another} SUPERUSER; COMMIT
                    ALTER DATABASE {database} SET work_mem = 4000 | ALTER DATABASE {database} SET work_mem = 5000
                    SELECT | ALTER DATABASE {database} CONNECTION LIMIT 50
                    """)
    void theVersionOfAViewDiffersIfARowIsReplaced(String before, String ddl) throws Exception {
        withRoles(() -> {
            database.execute(named(before));
            State then = state();
            database.execute(named(ddl));
            assertThat(state().versionOf(V)).isNotEqualTo(then.versionOf(V)).isNotEmpty();
        });
    }

    /** A refresh asks for the relations of its view alone. */
    @Test
    void theVersionOfAViewIsCurrentUntilItIsAltered() throws Exception {
        withRoles(() -> {
            database.execute(
                    named("CREATE ROLE {other}"),
                    named("GRANT {other} TO {owner}"),
                    "CREATE TABLE of_others (id int)",
                    named("ALTER TABLE of_others OWNER TO {other}"),
                    "CREATE MATERIALIZED VIEW w AS SELECT id FROM of_others",
                    "CREATE MATERIALIZED VIEW of_child AS SELECT id FROM log_25");
            State state = state();
            Map<ViewId, ViewVersion> versions = state.viewVersions();
            assertThat(versions).hasSize(4);
            for (ViewVersion version : versions.values()) {
                assertThat(version.isCurrent(reader)).isTrue();
            }
            database.execute("CREATE TABLE child () INHERITS (keyless)");
            assertThat(Objects.requireNonNull(versions.get(V)).isCurrent(reader))
                    .isFalse();
            database.execute("DROP TABLE of_others CASCADE");
        });
    }

    /** On PostgreSQL 15 everybody may give anybody the membership in himself, and take it back, without end. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "GRANT {other} TO {owner}",
                "ALTER ROLE {group} SET work_mem = 5000",
                "ALTER ROLE {other} BYPASSRLS"
            })
    void theVersionOfAViewStaysWhereRolesAreAlteredThatDecideNothing(String ddl) throws Exception {
        withRoles(() -> {
            database.execute(named("CREATE ROLE {other}"), named("GRANT {group} TO {owner}"));
            State then = state();
            database.execute(named(ddl));
            assertThat(state().versionOf(V)).isEqualTo(then.versionOf(V)).isNotEmpty();
        });
    }

    private String named(String sql) {
        return sql.replaceAll("\\{(owner|group|other|another)}", "$1_" + database.name())
                .replace("{database}", database.name());
    }

    private interface Work {
        void run() throws Exception;
    }

    private void withRoles(Work work) throws Exception {
        database.execute(
                named("CREATE ROLE {owner}"),
                named("CREATE ROLE {group}"),
                named("CREATE POLICY of_group ON keyless TO {group} USING (true)"),
                "ALTER TABLE keyless ENABLE ROW LEVEL SECURITY",
                named("ALTER TABLE keyless OWNER TO {owner}"));
        try {
            work.run();
        } finally {
            database.execute(
                    named("DROP OWNED BY {owner}, {group} CASCADE"),
                    named("DROP ROLE IF EXISTS {owner}, {group}, {other}, {another}"));
        }
    }

    /** Rows can be looked up only where the role may read. */
    @Test
    void differsIfThePrivilegesDo() throws Exception {
        String role = "reader_" + database.name();
        database.execute("CREATE ROLE " + role);
        try (Connection connection = database.connect()) {
            connection.createStatement().execute("SET ROLE " + role);
            Fingerprint before = CatalogReader.fingerprint(connection);
            database.execute("GRANT SELECT ON v TO " + role);
            Fingerprint after = CatalogReader.fingerprint(connection);
            assertThat(after).isNotEqualTo(before);
            assertThat(before.isCurrent(connection)).isFalse();
            database.execute("ALTER VIEW plain SET (security_invoker = true)");
            assertThat(after.isCurrent(connection)).isFalse();
        } finally {
            database.execute("DROP OWNED BY " + role, "DROP ROLE " + role);
        }
    }

    @Test
    void staysTheSameWhereNoStructureChanges() throws Exception {
        State before = state();
        database.execute(
                "INSERT INTO log SELECT i, '2025-06-06', 'y' FROM generate_series(1, 1000) i",
                "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
                "REFRESH MATERIALIZED VIEW v",
                "ANALYZE",
                "VACUUM",
                "VACUUM FREEZE",
                "CREATE TABLE unrelated (id int PRIMARY KEY)",
                "CREATE VIEW also_unrelated AS SELECT id FROM keyless",
                "CREATE INDEX ON unrelated (id)");
        try (Connection connection = database.connect()) {
            connection.createStatement().execute("CREATE TEMPORARY TABLE fleeting () INHERITS (keyless)");
            assertThat(state()).isEqualTo(before);
            assertThat(before.fingerprint().isCurrent(reader)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE OR REPLACE VIEW plain AS SELECT id, at, note FROM log WHERE id > 0",
                "ALTER TABLE log ATTACH PARTITION log_26 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
                "ALTER TABLE log DETACH PARTITION log_25",
                "ALTER TABLE keyless RENAME COLUMN other TO another",
                "ALTER TABLE keyless ADD PRIMARY KEY (id)",
                "ALTER TABLE log_25 SET UNLOGGED",
                "CREATE OR REPLACE FUNCTION pure(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'",
                "DROP MATERIALIZED VIEW v; CREATE MATERIALIZED VIEW v AS SELECT id FROM keyless"
            })
    void lineageDiffersIfContentMayDifferWithoutAChangeInTheLog(String ddl) throws Exception {
        String before = lineage(V);
        database.execute(ddl);
        assertThat(lineage(V)).isNotEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "REFRESH MATERIALIZED VIEW v",
                "REFRESH MATERIALIZED VIEW v WITH NO DATA",
                "DROP INDEX v_id",
                "ALTER TABLE keyless RENAME TO keyed",
                "REFRESH MATERIALIZED VIEW empty",
                "CREATE INDEX ON keyless (other)"
            })
    void lineageStaysTheSameOtherwise(String ddl) throws Exception {
        String before = lineage(V);
        database.execute(ddl);
        assertThat(lineage(V)).isEqualTo(before);
    }

    private State state() throws Exception {
        Fingerprint fingerprint = CatalogReader.fingerprint(reader);
        return new State(fingerprint, CatalogReader.versions(reader, fingerprint), CatalogReader.read(reader));
    }

    private String lineage(ViewId view) throws Exception {
        return ViewGraph.of(state().catalog(), id -> true).lineageOf(view);
    }

    private record State(Fingerprint fingerprint, RelationVersions versions, Catalog catalog) {
        Map<ViewId, ViewVersion> viewVersions() {
            return versions.ofViews(catalog, ViewGraph.of(catalog, id -> true));
        }

        String versionOf(ViewId view) {
            ViewVersion version = viewVersions().get(view);
            return version == null ? "dropped" : version.hash();
        }
    }
}
