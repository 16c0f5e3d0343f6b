package io.refreshd.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The content of a database: a large table and views of it.
 *
 * @param roleViews the number of role views; half of the roles have one
 * @param views in dependency order
 */
record Layout(int rows, int roleViews, List<View> views) {
    static final Layout NONE = new Layout(0, 0, List.of());

    /** @param columns the columns of the definition: an extension may add some of its own */
    record View(String name, String key, String columns, String definition) {}

    Layout {
        views = List.copyOf(views);
    }

    /** Role views alone. */
    static Layout ofRoles(int rows, int roleViews) {
        return new Layout(
                rows,
                roleViews,
                IntStream.range(0, roleViews).mapToObj(Layout::roleView).toList());
    }

    /** Role views, a view with a join, one with an aggregate, and one that reads the aggregate. */
    static Layout mixed(int rows, int roleViews) {
        Stream<View> others = Stream.of(
                new View("joined", "id", "id, title, body", """
                        SELECT m.id, m.title, d.body FROM main m
                        JOIN details d ON d.id = m.id WHERE m.role_id = 0"""),
                new View("totals", "role_id", "role_id, items, amount", """
                        SELECT role_id, count(*) AS items, sum(amount) AS amount FROM main GROUP BY role_id"""),
                new View("grand_total", "id", "id, items, amount", """
                        SELECT 1 AS id, sum(items) AS items, sum(amount) AS amount FROM totals"""));
        return new Layout(
                rows,
                roleViews,
                Stream.concat(ofRoles(rows, roleViews).views().stream(), others).toList());
    }

    private static View roleView(int role) {
        String definition = "SELECT id, title, amount FROM main WHERE role_id = " + role;
        return new View("role_" + role, "id", "id, title, amount", definition);
    }

    int roles() {
        return 2 * roleViews;
    }

    List<String> statements() {
        List<String> sql = new ArrayList<>(List.of(
                "CREATE TABLE main (id bigint PRIMARY KEY, role_id int NOT NULL, title text NOT NULL,"
                        + " amount numeric(12,2) NOT NULL, note text)",
                "ALTER TABLE main REPLICA IDENTITY FULL",
                "CREATE TABLE details (id bigint PRIMARY KEY, body text NOT NULL)",
                "INSERT INTO main SELECT n, (n - 1) % " + roles() + ", 'item ' || n, n % 1000 + 0.5, 'note ' || n"
                        + " FROM generate_series(1, " + rows + ") n",
                "INSERT INTO details SELECT id, 'details of ' || title FROM main WHERE id % 2 = 1",
                "CREATE INDEX ON main (role_id)"));
        for (View view : views) {
            sql.add("CREATE MATERIALIZED VIEW " + view.name() + " AS " + view.definition());
            sql.add("CREATE UNIQUE INDEX ON " + view.name() + " (" + view.key() + ")");
        }
        sql.add("VACUUM ANALYZE");
        return sql;
    }
}
