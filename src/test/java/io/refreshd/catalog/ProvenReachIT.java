package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.catalog.ProvenReach.Subject;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was proven counts until something is altered by which it was decided. Every case runs in a transaction that is rolled back. */
class ProvenReachIT {
    private static TestDatabase database;

    private final ProvenReach proven = new ProvenReach(() -> 0);
    private Connection connection;
    private Subject subject;

    @BeforeAll
    static void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE ROLE proven_owner",
                "CREATE ROLE proven_group",
                "GRANT proven_group TO proven_owner",
                "CREATE FUNCTION valid(text) RETURNS boolean IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT $1 <> ''; END",
                "CREATE FUNCTION plus(int, int) RETURNS int IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT $1 + $2; END",
                "CREATE OPERATOR ## (FUNCTION = plus, LEFTARG = int, RIGHTARG = int)",
                "CREATE DOMAIN short AS text CHECK (valid(VALUE))",
                "CREATE TYPE pair AS (a short, b int)",
                "CREATE TABLE main (id int, title short, p pair, role text, g int GENERATED ALWAYS AS (id + 1) STORED)"
                        + " PARTITION BY RANGE (id)",
                "CREATE TABLE main_1 PARTITION OF main FOR VALUES FROM (0) TO (100)",
                "CREATE TABLE details (id int PRIMARY KEY, main_id int, v text, CHECK (valid(v)))",
                "CREATE INDEX ON details (v) WHERE valid(v)",
                "CREATE STATISTICS of_details ON (valid(v)), main_id FROM details",
                "CREATE VIEW below AS SELECT * FROM details",
                "CREATE TABLE unrelated (id int)",
                "GRANT SELECT ON main, below TO proven_group",
                "CREATE VIEW shown_definition AS SELECT m.id, m.title, m.p, d.v, m.id OPERATOR(public.##) 1 AS n"
                        + " FROM main m LEFT JOIN below d ON d.main_id = m.id",
                "CREATE TABLE shown_store AS SELECT * FROM shown_definition",
                "CREATE VIEW shown AS SELECT id, title, v FROM shown_store",
                "ALTER VIEW shown OWNER TO proven_owner");
    }

    @AfterAll
    static void drop() throws Exception {
        database.execute("DROP OWNED BY proven_owner, proven_group CASCADE", "DROP ROLE proven_owner, proven_group");
        database.close();
    }

    @BeforeEach
    void begin() throws Exception {
        connection = database.connect();
        connection.setAutoCommit(false);
        subject = new Subject(oid("shown"), oid("shown_definition"), oid("shown_store"));
        proven.learn(connection, List.of(subject));
    }

    @AfterEach
    void rollBack() throws Exception {
        connection.rollback();
        connection.close();
    }

    private long oid(String relation) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT '" + relation + "'::regclass::oid::int8")) {
            row.next();
            return row.getLong(1);
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void nothingIsProvenAnewWhileNothingOfItIsAltered() throws Exception {
        assertThat(proven.unproven(connection, List.of(subject))).isEmpty();
        execute(
                "INSERT INTO details VALUES (1, 1, 'a'); CREATE TABLE another (id int); ALTER TABLE unrelated ADD v text");
        execute("ANALYZE details");
        assertThat(proven.unproven(connection, List.of(subject))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // of what code is in reach
                "CREATE OR REPLACE VIEW below AS SELECT id, main_id, v FROM details",
                "CREATE OR REPLACE VIEW shown_definition AS SELECT m.id, m.title, m.p, d.v, 1 AS n"
                        + " FROM main m LEFT JOIN below d ON d.main_id = m.id",
                "CREATE INDEX ON details (lower(v))",
                "CREATE INDEX ON shown_store (lower(v))",
                "CREATE STATISTICS more ON (lower(v)), id FROM details",
                "ALTER TABLE details ADD CHECK (id > 0)",
                "ALTER TABLE details ADD g int GENERATED ALWAYS AS (id + 1) STORED",
                "CREATE TABLE main_2 PARTITION OF main FOR VALUES FROM (100) TO (200)",
                "CREATE TABLE child () INHERITS (details)",
                "ALTER TABLE main_1 ADD CHECK (id >= 0)",
                "ALTER DOMAIN short ADD CHECK (VALUE <> 'a') NOT VALID",
                "ALTER TYPE pair ADD ATTRIBUTE c short",
                "CREATE POLICY p ON details USING (valid(v))",
                // of whether it is trusted
                "CREATE OR REPLACE FUNCTION valid(text) RETURNS boolean IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT $1 <> 'b'; END",
                "ALTER FUNCTION valid(text) OWNER TO proven_owner",
                "ALTER FUNCTION plus(int, int) VOLATILE",
                "CREATE FUNCTION valid(int) RETURNS boolean IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT true; END",
                "CREATE OPERATOR ## (FUNCTION = int8pl, LEFTARG = int8, RIGHTARG = int8)",
                "CREATE CAST (pair AS text) WITH FUNCTION as_text(pair)",
                "ALTER ROLE proven_group SUPERUSER",
                // of what the owner may read
                "ALTER VIEW shown OWNER TO proven_group",
                "ALTER TABLE details ENABLE ROW LEVEL SECURITY",
                "ALTER VIEW below SET (security_invoker = true)",
                "REVOKE SELECT ON main FROM proven_group",
                "GRANT SELECT (id) ON main TO proven_owner",
                "REVOKE proven_group FROM proven_owner",
                "ALTER ROLE proven_owner NOINHERIT"
            })
    void whatIsAlteredIsProvenAnew(String ddl) throws Exception {
        execute("CREATE FUNCTION as_text(pair) RETURNS text IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT 'x'; END");
        assertThat(proven.unproven(connection, List.of(subject))).isEmpty();
        execute(ddl);
        assertThat(proven.unproven(connection, List.of(subject))).containsExactly(subject);
        assertThat(proven.unknown(List.of(subject))).as("forgotten").containsExactly(subject);
    }

    @Test
    void whatWasAlteredAndAlteredBackIsProvenAnew() throws Exception {
        execute("ALTER VIEW below OWNER TO proven_owner; ALTER VIEW below OWNER TO CURRENT_USER");
        assertThat(proven.unproven(connection, List.of(subject))).containsExactly(subject);
    }

    @Test
    void whatDoesNotPassIsNotRemembered() throws Exception {
        execute("REVOKE SELECT ON main FROM proven_group");
        assertThat(proven.unproven(connection, List.of(subject))).containsExactly(subject);
        proven.learn(connection, List.of(subject));
        assertThat(proven.unproven(connection, List.of(subject))).containsExactly(subject);
        assertThat(ProvenReach.obstacles(connection, List.of(subject)).get(subject.view()))
                .asString()
                .contains("may not read");
        execute("GRANT SELECT ON main TO proven_group");
        proven.learn(connection, List.of(subject));
        assertThat(proven.unproven(connection, List.of(subject))).isEmpty();
    }
}
