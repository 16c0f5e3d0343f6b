package io.refreshd.examples;

import io.refreshd.client.Details;
import io.refreshd.client.NoSuchRoleViewException;
import io.refreshd.client.Page;
import io.refreshd.client.RoleView;
import io.refreshd.client.RoleViews;
import io.refreshd.client.WithDetails;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The example of docs/article.md: one view per role over one large table. It starts a PostgreSQL of its own and the daemon, and
 * leaves nothing behind.
 */
public final class RoleViewsExample {
    /** A row of a role view. Any record will do whose components are columns of the view. */
    public record UserRow(int id, String name) {}

    public record Detail(long id, int mainId, String text) {}

    private static final String ROLE_VIEWS = """
            role-views:
              templates:
                public.materializeduserrole_{role}:
                  query: SELECT id, name FROM main WHERE role = {role}
                  unique-key: [id]
                  roles-query: SELECT name FROM roles
                  removed: drop
                public.plainuserrole_{role}:
                  kind: view
                  query: SELECT id, name FROM main WHERE role = {role}
                  roles: [b]
            """;

    private RoleViewsExample() {}

    public static void main(String[] arguments) throws Exception {
        try {
            run(System.out);
        } finally {
            // Closed here and not by its shutdown hook: within Maven the class loader is closed by then.
            TestDatabase.server().close();
        }
    }

    static void run(PrintStream out) throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            database.execute(
                    "CREATE TABLE main (id int PRIMARY KEY, role text NOT NULL, name text NOT NULL)",
                    "INSERT INTO main SELECT i, CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END, 'user ' || i"
                            + " FROM generate_series(1, 1000) i",
                    "CREATE TABLE details (id bigint PRIMARY KEY, main_id int NOT NULL, text text NOT NULL)",
                    "INSERT INTO details SELECT i, i % 1000 + 1, 'detail ' || i FROM generate_series(1, 3000) i",
                    "CREATE TABLE roles (name text PRIMARY KEY)",
                    "INSERT INTO roles VALUES ('a'), ('b')");
            PGSimpleDataSource dataSource = new PGSimpleDataSource();
            dataSource.setUrl(database.url());
            dataSource.setUser("postgres");
            RoleViews<UserRow> views = RoleViews.of(dataSource, "materializeduserrole_{role}", UserRow.class);
            try (RunningDaemon daemon = RunningDaemon.start(database, ROLE_VIEWS)) {
                read(out, views);
                change(out, database, views);
                come(out, database, views);
                out.println("As a plain view, role b sees "
                        + awaitView(RoleViews.of(dataSource, "plainuserrole_{role}", UserRow.class), "b")
                                .all()
                                .size()
                        + " rows.");
            }
        }
    }

    private static void read(PrintStream out, RoleViews<UserRow> views) {
        awaitView(views, "b");
        RoleView<UserRow> a = awaitView(views, "a");
        out.println("Role a sees " + a.all().size() + " of 1000 rows.");

        Details<Detail> details = new Details<>("details", "main_id", "id", Detail.class);
        WithDetails<UserRow, Detail> two =
                a.where("id = :id", Map.of("id", 2), details).getFirst();
        out.println(two.row().name() + " has " + two.details().size() + " details.");

        Page<UserRow> page = a.firstPage(100);
        out.println("The first page ends with " + page.rows().getLast().name() + ".");
        long letters =
                a.stream(rows -> rows.mapToLong(row -> row.name().length()).sum());
        out.println("Streamed, all names have " + letters + " letters.");
    }

    private static void change(PrintStream out, TestDatabase database, RoleViews<UserRow> views) throws Exception {
        RoleView<UserRow> a = views.forRole("a");
        database.execute("UPDATE main SET name = 'renamed' WHERE id = 2");
        out.println("Fresh: " + a.awaitFresh(views.token(), Duration.ofMinutes(10)) + ", "
                + a.byKey(2).orElseThrow().name() + ".");
        out.println(
                "On demand: " + a.refresh(true) + ", and waited for: " + a.refresh(true, Duration.ofMinutes(10)) + ".");
    }

    private static void come(PrintStream out, TestDatabase database, RoleViews<UserRow> views) throws Exception {
        database.execute("INSERT INTO main VALUES (1001, 'd', 'first of d')", "INSERT INTO roles VALUES ('d')");
        RoleView<UserRow> d = awaitView(views, "d");
        out.println("Role d sees " + d.all() + ".");
        out.println("The second look-up finds the same: " + (views.forRole("d") == d) + ".");

        database.execute("DELETE FROM roles WHERE name = 'd'");
        Awaitility.await().until(() -> isGone(d));
        out.println("Role d is gone, and so is its view.");

        // Another application, which knows nothing of refreshd, creates a view. It does so in one transaction: the
        // daemon would
        // suspend a view without a unique index until the next catalog poll.
        database.execute(
                "BEGIN",
                "CREATE MATERIALIZED VIEW materializeduserrole_e AS SELECT id, name FROM main WHERE id > 1000",
                "CREATE UNIQUE INDEX ON materializeduserrole_e (id)",
                "COMMIT",
                "UPDATE main SET name = 'seen by e' WHERE id = 1001");
        RoleView<UserRow> e = views.forRole("e");
        out.println("Created in another app, and fresh: " + e.awaitFresh(views.token(), Duration.ofMinutes(10)) + ", "
                + e.all() + ".");
    }

    private static RoleView<UserRow> awaitView(RoleViews<UserRow> views, String role) {
        Awaitility.await().until(() -> !isGone(views.forRole(role)));
        return views.forRole(role);
    }

    private static boolean isGone(RoleView<UserRow> view) {
        try {
            view.where("false", Map.of());
            return false;
        } catch (NoSuchRoleViewException e) {
            return true;
        }
    }
}
