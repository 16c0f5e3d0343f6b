package io.refreshd.roles;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests owner and privileges of role views, and the removal of the view of a role that no longer exists. */
class RoleViewsAccessIT {
    private static final String TABLE = """
            query: SELECT id, v FROM main WHERE role = {role}
            unique-key: [id]
            roles-query: SELECT name FROM roles
            """;

    private TestDatabase database;
    private Handle handle;
    private String hostile;
    private String quoted;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        hostile = "x\"; GRANT ALL ON main TO PUBLIC; --'" + database.name();
        quoted = SqlNames.identifier(hostile);
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, role text NOT NULL, v text)",
                "CREATE TABLE roles (name text PRIMARY KEY)",
                "CREATE ROLE " + quoted,
                "GRANT CREATE ON SCHEMA public TO " + quoted,
                "GRANT SELECT ON main TO " + quoted);
        String literal = "'" + hostile.replace("'", "''") + "'";
        database.execute(
                "INSERT INTO roles VALUES (" + literal + "), ('b')",
                "INSERT INTO main VALUES (1, " + literal + ", 'own'), (2, 'b', 'hidden'), (3, 'b', 'shown')");
        handle = database.open();
        LedgerSchema.migrate(handle);
    }

    @AfterEach
    void drop() throws Exception {
        handle.close();
        database.execute("DROP OWNED BY " + quoted + " CASCADE", "DROP ROLE " + quoted);
        database.close();
    }

    @Test
    void aHostileRoleReadsItsOwnPortionAndNothingElse() throws Exception {
        database.execute("REVOKE ALL ON main FROM " + quoted);
        assertThat(apply(TABLE + "grant-to: '{role}'\n"))
                .extracting(Obstacle::remedy)
                .containsExactly(Remedy.sql("CREATE ROLE \"b\""));
        assertThat(database.query("SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
                        + " AND c.relkind IN ('r', 'm') AND has_table_privilege('"
                        + hostile.replace("'", "''") + "', c.oid, 'SELECT')"))
                .containsExactly("role_" + hostile);
    }

    @Test
    void defaultPrivilegesLetNobodyElseReadTheViewOfAReader() throws Exception {
        database.execute(
                "DELETE FROM roles WHERE name = 'b'",
                "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC, pg_monitor");
        for (String kind : List.of("view", "materialized-view")) {
            assertThat(apply(TABLE + "grant-to: '{role}'\nkind: " + kind + "\n"))
                    .isEmpty();
            assertThat(
                            database.query(
                                    "SELECT a.grantee::regrole FROM pg_class c, aclexplode(relacl) a"
                                            + " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('m', 'v') AND a.grantee <> relowner"))
                    .as(kind)
                    .containsExactly(quoted);
            database.execute("DROP " + kind.replace('-', ' ') + " " + SqlNames.identifier("role_" + hostile));
        }
    }

    /** Without that, the view would contain what refreshd may see until its first refresh. */
    @Test
    void aViewHoldsWhatItsOwnerMaySeeFromTheFirstMomentOn() throws Exception {
        database.execute(
                "ALTER TABLE main ENABLE ROW LEVEL SECURITY", "CREATE POLICY shown ON main USING (v <> 'hidden')");
        String owned = TABLE + "owner: '" + hostile.replace("'", "''") + "'\n";
        assertThat(apply(owned)).isEmpty();
        assertThat(database.query("SELECT v FROM role_b")).containsExactly("shown");
        assertThat(database.query("SELECT DISTINCT matviewowner FROM pg_matviews"))
                .containsExactly(hostile);
        assertThat(apply(owned + "kind: view\n")).isEmpty();
        assertThat(database.query("SELECT v FROM role_b")).containsExactly("shown");
        assertThat(database.query("SELECT DISTINCT viewowner FROM pg_views WHERE schemaname = 'public'"))
                .containsExactly(hostile);
    }

    @Test
    void aRoleViewThatOtherViewsDependOnIsNotDropped() throws Exception {
        for (String kind : List.of("view", "materialized-view")) {
            String removed = TABLE + "removed: drop\nkind: " + kind + "\n";
            database.execute("INSERT INTO roles VALUES ('c') ON CONFLICT DO NOTHING");
            assertThat(apply(removed)).isEmpty();
            database.execute("CREATE VIEW mine AS SELECT * FROM role_c", "DELETE FROM roles WHERE name = 'c'");
            assertThat(apply(removed)).singleElement().satisfies(obstacle -> {
                assertThat(obstacle.what()).contains("role_c");
                assertThat(obstacle.said().text()).contains("mine depends on");
            });
            assertThat(database.query("SELECT count(*) FROM mine")).containsExactly("0");
            database.execute("DROP VIEW mine");
            assertThat(apply(removed)).isEmpty();
            assertThat(database.query("SELECT to_regclass('role_c') IS NULL")).containsExactly("t");
        }
    }

    private List<Obstacle> apply(String template) throws Exception {
        Configuration configuration = ConfigurationReader.read(
                RunningDaemon.configuration(
                        database.url(),
                        database.slot(),
                        "role-views:\n  templates:\n    public.role_{role}:\n" + template.indent(6)),
                "test.yaml",
                Map.of());
        RoleReconciler roles = new RoleReconciler(configuration);
        return roles.apply(handle, roles.plan(handle), step -> true, transaction -> {}, done -> {});
    }
}
