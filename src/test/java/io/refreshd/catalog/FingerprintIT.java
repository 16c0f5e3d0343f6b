package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.ViewId;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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

    /** Of the owner depends which rows and columns a view may read. */
    @ParameterizedTest
    @ValueSource(strings = {"ALTER ROLE %s BYPASSRLS", "ALTER ROLE %s SET work_mem = 5000", "GRANT pg_monitor TO %s"})
    void theVersionOfAViewDiffersIfAnOwnerMayDoOtherThings(String ddl) throws Exception {
        String role = "owner_" + database.name();
        database.execute("CREATE ROLE " + role, "ALTER TABLE keyless OWNER TO " + role);
        try {
            State before = state();
            database.execute(ddl.formatted(role));
            assertThat(state().versionOf(V)).isNotEqualTo(before.versionOf(V));
        } finally {
            database.execute("DROP OWNED BY " + role + " CASCADE", "DROP ROLE " + role);
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
        String versionOf(ViewId view) {
            return versions.ofViews(catalog, ViewGraph.of(catalog, id -> true)).getOrDefault(view, "dropped");
        }
    }
}
