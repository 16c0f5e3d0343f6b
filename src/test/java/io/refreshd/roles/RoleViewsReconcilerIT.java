package io.refreshd.roles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.client.RoleViewName;
import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LeaseLostException;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.model.Obstacle;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RoleViewsReconcilerIT {
    private static final String TABLE = """
            unique-key: [id]
            roles-query: SELECT name FROM roles
            """;

    private TestDatabase database;
    private Handle handle;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, role text NOT NULL, v text)",
                "INSERT INTO main VALUES (1, 'a', 'one'), (2, 'b', 'two'), (3, 'a', 'three')",
                "CREATE TABLE roles (name text PRIMARY KEY)",
                "INSERT INTO roles VALUES ('a'), ('b')");
        handle = database.open();
        LedgerSchema.migrate(handle);
    }

    @AfterEach
    void drop() throws Exception {
        handle.close();
        database.close();
    }

    @Test
    void createsMissingViewsOnce() throws Exception {
        RoleReconciler roles = roles(TABLE + "indexes: [v, lower(v)]\n");
        assertThat(roles.plan(handle).steps()).hasSize(2);
        assertThat(apply(roles)).isEmpty();
        assertThat(database.query("SELECT v FROM role_a ORDER BY id")).containsExactly("one", "three");
        assertThat(database.query("SELECT count(*) FROM pg_indexes WHERE tablename = 'role_b'"))
                .containsExactly("3");
        assertThat(database.query("SELECT obj_description('role_a'::regclass)").getFirst())
                .startsWith("Created by refreshd");
        assertThat(roles.plan(handle).steps()).isEmpty();
        database.execute("DROP MATERIALIZED VIEW role_a");
        assertThat(roles.plan(handle).steps()).hasSize(1);
    }

    @Test
    void leavesNothingBehindWithoutTheLease() throws Exception {
        RoleReconciler roles = roles(TABLE);
        RolePlan plan = roles.plan(handle);
        assertThat(plan.steps()).isNotEmpty();
        assertThatThrownBy(() -> roles.apply(
                        handle,
                        plan,
                        step -> true,
                        transaction -> Lease.prove(transaction, Long.MAX_VALUE),
                        done -> {}))
                .isInstanceOf(LeaseLostException.class);
        assertThat(roles.plan(handle).steps()).hasSameSizeAs(plan.steps());
        assertThat(database.query("SELECT count(*) FROM refreshd.role_view")).containsExactly("0");
    }

    @Test
    void takesAnyRoleForAName() throws Exception {
        List<String> hostile = List.of(
                "it's",
                "\"; DROP TABLE main; --",
                "'); DROP TABLE main; --",
                "\\'; DROP TABLE main; --",
                "$$; DROP TABLE main; $$",
                "{role}",
                "a:b ?1 {fn now()} <c>",
                "größe 🐘 \u202e",
                "new\nline\t\u001b[31m",
                "public",
                "x".repeat(200),
                "x".repeat(201),
                "");
        try (Connection connection = database.connect();
                var insert = connection.prepareStatement("INSERT INTO roles VALUES (?)");
                var row = connection.prepareStatement("INSERT INTO main VALUES (?, ?, 'own')")) {
            for (int i = 0; i < hostile.size(); i++) {
                insert.setString(1, hostile.get(i));
                insert.execute();
                row.setInt(1, 100 + i);
                row.setString(2, hostile.get(i));
                row.execute();
            }
        }
        RoleViewName name = RoleViewName.of("public.role_{role}");
        String all = Integer.toString(hostile.size() + 2);
        for (String kind : List.of("materialized-view", "incremental", "view", "incremental", "materialized-view")) {
            RoleReconciler roles = roles(TABLE + "kind: " + kind + "\n");
            assertThat(apply(roles)).as(kind).isEmpty();
            for (int i = 0; i < hostile.size(); i++) {
                assertThat(database.query("SELECT id FROM " + name.sqlFor(hostile.get(i))))
                        .as(hostile.get(i))
                        .containsExactly(Integer.toString(100 + i));
            }
            assertThat(roles.plan(handle).steps()).isEmpty();
            assertThat(database.query("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                            + " AND relname LIKE 'role\\_%' AND relkind = '" + (kind.startsWith("m") ? "m" : "v")
                            + "'"))
                    .as(kind)
                    .containsExactly(all);
            assertThat(database.query("SELECT count(*) FROM pg_class WHERE relkind = 'r'"
                            + " AND relnamespace = to_regnamespace('refreshd_store')"))
                    .containsExactly(kind.equals("incremental") ? all : "0");
            assertThat(database.query("SELECT count(*) FROM refreshd.incremental_view"))
                    .containsExactly(kind.equals("incremental") ? all : "0");
        }
    }

    @Test
    void createsNoViewForACollidingName() throws Exception {
        String cut =
                RoleViewName.of("public.role_{role}").nameFor("x".repeat(200)).substring("role_".length());
        database.execute("INSERT INTO roles VALUES (repeat('x', 200))");
        RoleReconciler roles = roles(TABLE + "removed: drop\n");
        assertThat(apply(roles)).isEmpty();
        database.execute("INSERT INTO roles VALUES ('" + cut + "')");
        RolePlan plan = roles.plan(handle);
        assertThat(plan.obstacles())
                .singleElement()
                .satisfies(obstacle -> assertThat(obstacle.what()).contains("several roles lead to the view"));
        assertThat(plan.steps()).as("the existing view is kept").isEmpty();
    }

    @Test
    void dropsOnlyItsOwnViews() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW role_b AS SELECT 7 AS id", "COMMENT ON MATERIALIZED VIEW role_b IS 'mine'");
        RoleReconciler roles = roles(TABLE + "removed: drop\n");
        assertThat(apply(roles)).isEmpty();
        assertThat(roles.plan(handle).notes()).containsExactly("= public.role_b  left alone: somebody else made it");
        database.execute("INSERT INTO roles VALUES ('c'), ('d')");
        assertThat(apply(roles)).isEmpty();
        // One view was taken over by its comment, the other was replaced.
        database.execute(
                "COMMENT ON MATERIALIZED VIEW role_c IS 'mine now'",
                "DROP MATERIALIZED VIEW role_d",
                "CREATE MATERIALIZED VIEW role_d AS SELECT 1 AS id",
                "COMMENT ON MATERIALIZED VIEW role_d IS 'Created by refreshd, or so it says'",
                "DELETE FROM roles");
        assertThat(apply(roles)).isEmpty();
        assertThat(database.query("SELECT matviewname FROM pg_matviews ORDER BY 1"))
                .containsExactly("role_b", "role_c", "role_d");
        assertThat(database.query("SELECT count(*) FROM refreshd.role_view")).containsExactly("0");
    }

    /** Creating views may take hours, and the role of a view that the plan drops may exist again by then. */
    @Test
    void dropsNothingByAPlanThatIsOutOfDate() throws Exception {
        for (String kind : List.of("materialized-view", "view", "incremental")) {
            String name = kind.equals("materialized-view") ? "MATERIALIZED VIEW" : "VIEW";
            RoleReconciler roles = roles(TABLE + "removed: drop\nkind: " + kind + "\n");
            assertThat(apply(roles)).isEmpty();
            database.execute("DELETE FROM roles");
            RolePlan plan = roles.plan(handle);
            assertThat(plan.steps())
                    .hasSize(2)
                    .allSatisfy(step -> assertThat(step).isInstanceOf(Step.Drop.class));
            database.execute("INSERT INTO roles VALUES ('a')", "COMMENT ON " + name + " role_b IS 'mine now'");
            assertThat(apply(roles, plan))
                    .singleElement()
                    .satisfies(obstacle -> assertThat(obstacle.what()).contains("role_b", "taken it over"));
            assertThat(database.query("SELECT v FROM role_a ORDER BY 1")).containsExactly("one", "three");
            assertThat(database.query("SELECT v FROM role_b")).containsExactly("two");
            database.execute("DROP " + name + " role_a, role_b", "INSERT INTO roles VALUES ('b')");
        }
    }

    /** The pooled connections have a network timeout of half a minute; the query of a view may take hours. */
    @Test
    void theQueryMayTakeAsLongAsARefresh() throws Exception {
        handle.close();
        handle = Jdbi.open(java.sql.DriverManager.getConnection(
                database.url() + (database.url().contains("?") ? "&" : "?") + "socketTimeout=5", "postgres", ""));
        RoleReconciler roles = roles(
                "unique-key: [id]\nroles: [a]\n", "SELECT m.id, m.v FROM main m, pg_sleep(6) WHERE role = {role}");
        assertThat(apply(roles)).isEmpty();
        assertThat(database.query("SELECT v FROM role_a ORDER BY id")).containsExactly("one", "three");
    }

    @Test
    void theFirstColumnIsTheRoleWhateverTheOthersAreCalled() throws Exception {
        assertThat(apply(roles("unique-key: [id]\nroles-query: SELECT name, length(name) AS role FROM roles\n")))
                .isEmpty();
        assertThat(database.query("SELECT matviewname FROM pg_matviews ORDER BY 1"))
                .containsExactly("role_a", "role_b");
    }

    @Test
    void aNewLedgerReportsTheViewsThatItDoesNotKnow() throws Exception {
        RoleReconciler roles = roles(TABLE);
        assertThat(apply(roles)).isEmpty();
        database.execute("DELETE FROM refreshd.role_view");
        assertThat(roles.plan(handle).notes())
                .hasSize(2)
                .allSatisfy(note -> assertThat(note).contains("this ledger does not know of it"));
    }

    @Test
    void makesNoViewThatWouldNeverBeRefreshed() throws Exception {
        assertThat(apply(roles(TABLE + "removed: drop\n"))).isEmpty();
        database.execute("INSERT INTO roles VALUES ('c')");
        String included = TABLE + "removed: drop\nviews: { include: ['other.*'] }\n";
        RolePlan plan = roles(included).plan(handle);
        assertThat(plan.steps()).as("and drops none").isEmpty();
        assertThat(plan.obstacles())
                .singleElement()
                .satisfies(obstacle -> assertThat(obstacle.what()).contains("never refreshed, such as public.role_a"));
    }

    @Test
    void keepsTheViewOfARoleThatIsGoneUnlessConfiguredOtherwise() throws Exception {
        assertThat(apply(roles(TABLE))).isEmpty();
        database.execute("DELETE FROM roles WHERE name = 'a'");
        RolePlan plan = roles(TABLE).plan(handle);
        assertThat(plan.steps()).isEmpty();
        assertThat(plan.notes()).containsExactly("= public.role_a  kept: role 'a' is gone");
        // A roles-query that fails must not drop views.
        database.execute("ALTER TABLE roles RENAME TO hidden");
        RolePlan untracked = roles(TABLE + "removed: drop\n").plan(handle);
        assertThat(untracked.steps()).isEmpty();
        assertThat(untracked.obstacles())
                .singleElement()
                .satisfies(obstacle -> assertThat(obstacle.what()).contains("cannot be read"));
    }

    @Test
    void grantsToExistingRolesOnlyAndNeverToEverybody() throws Exception {
        String reader = "reader_" + database.name();
        database.execute(
                "INSERT INTO roles VALUES ('public'), ('" + reader + "')", "DELETE FROM roles WHERE length(name) = 1");
        RoleReconciler roles = roles(TABLE + "grant-to: '{role}'\n");
        assertThat(apply(roles))
                .extracting(Obstacle::what)
                .anySatisfy(what -> assertThat(what).contains("the database has no role 'public'"));
        assertThat(database.query("SELECT matviewname FROM pg_matviews")).isEmpty();
        database.execute("CREATE ROLE " + reader);
        try {
            apply(roles);
            assertThat(database.query("SELECT has_table_privilege('" + reader + "', 'role_" + reader + "', 'SELECT')"))
                    .containsExactly("t");
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                statement.execute("SET ROLE " + reader);
                statement.execute("SELECT * FROM role_" + reader);
                assertThatThrownBy(() -> statement.execute("SELECT * FROM main"))
                        .isInstanceOf(SQLException.class);
            }
        } finally {
            database.execute("DROP OWNED BY " + reader, "DROP ROLE " + reader);
        }
    }

    @Test
    void rebuildsBesideSoThatReadersNeverSeeAnEmptyOrMissingView() throws Exception {
        assertThat(apply(roles(TABLE))).isEmpty();
        RoleReconciler changed = roles("indexes: [id]\n" + TABLE);
        RolePlan plan = changed.plan(handle);
        assertThat(plan.steps()).hasSize(2).allSatisfy(step -> assertThat(step).isInstanceOf(Step.Rebuild.class));
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            var failures = new java.util.concurrent.atomic.AtomicReference<Throwable>();
            var done = new java.util.concurrent.atomic.AtomicBoolean();
            Thread reading = Thread.ofPlatform().start(() -> {
                try {
                    while (!done.get()) {
                        try (var rows = statement.executeQuery("SELECT count(*) FROM role_a")) {
                            rows.next();
                            assertThat(rows.getInt(1)).isEqualTo(2);
                        }
                    }
                } catch (Throwable e) {
                    failures.set(e);
                }
            });
            assertThat(apply(changed, plan)).isEmpty();
            done.set(true);
            reading.join();
            assertThat(failures.get()).isNull();
        }
        assertThat(changed.plan(handle).steps()).isEmpty();
        assertThat(database.query("SELECT count(*) FROM pg_indexes WHERE tablename = 'role_a'"))
                .containsExactly("2");
        assertThat(database.query(
                        "SELECT relname FROM pg_class WHERE relname LIKE 'refreshd%' AND relkind IN ('m', 'v')"
                                + " AND relnamespace = 'public'::regnamespace"))
                .isEmpty();
    }

    @Test
    void aNewRoleHasItsViewWithinSeconds() throws Exception {
        String reader = "d_" + database.name();
        database.execute("CREATE ROLE " + reader);
        // The polling interval is longer than the test: only the WAL can announce the new role.
        try (RunningDaemon daemon = RunningDaemon.startLookingRarely(
                database,
                "role-views:\n  templates:\n    public.role_{role}:\n      query: SELECT id, v FROM main WHERE"
                        + " role = {role}\n      unique-key: [id]\n      roles-query: SELECT name FROM roles WHERE"
                        + " length(name) > 1\n      grant-to: '{role}'\n      removed: drop\n")) {
            database.execute("INSERT INTO main VALUES (10, '" + reader + "', 'ten')");
            database.execute("INSERT INTO roles VALUES ('" + reader + "')");
            org.awaitility.Awaitility.await()
                    .until(() -> daemon.view("public.role_" + reader).isPresent());
            daemon.awaitFresh();
            assertThat(database.query("SELECT v FROM role_" + reader)).containsExactly("ten");
            assertThat(database.query("SELECT has_table_privilege('" + reader + "', 'role_" + reader + "', 'SELECT')"))
                    .containsExactly("t");
            assertThat(database.query("SELECT tablename FROM pg_publication_tables WHERE tablename = 'roles'"))
                    .containsExactly("roles");
            database.execute("UPDATE main SET v = 'ten more' WHERE id = 10");
            org.awaitility.Awaitility.await()
                    .until(() -> database.query("SELECT v FROM role_" + reader).contains("ten more"));
            database.execute("DELETE FROM roles WHERE name = '" + reader + "'");
            org.awaitility.Awaitility.await()
                    .until(() -> daemon.view("public.role_" + reader).isEmpty());
        } finally {
            database.execute("DROP OWNED BY " + reader, "DROP ROLE " + reader);
        }
    }

    private List<Obstacle> apply(RoleReconciler roles) throws SQLException {
        return apply(roles, roles.plan(handle));
    }

    private List<Obstacle> apply(RoleReconciler roles, RolePlan plan) throws SQLException {
        return roles.apply(handle, plan, step -> true, transaction -> {}, done -> {});
    }

    private RoleReconciler roles(String more) throws Exception {
        return roles(more, "SELECT id, v FROM main WHERE role = {role}");
    }

    private RoleReconciler roles(String more, String query) throws Exception {
        int views = more.indexOf("views:");
        String template = views < 0 ? more : more.substring(0, views);
        Configuration configuration = ConfigurationReader.read(
                RunningDaemon.configuration(
                        database.url(),
                        database.slot(),
                        "role-views:\n  templates:\n    public.role_{role}:\n"
                                + ("query: " + query + "\n" + template).indent(6)
                                + (views < 0 ? "" : more.substring(views))),
                "test.yaml",
                Map.of());
        return new RoleReconciler(configuration);
    }
}
