package io.refreshd.audit;

import io.refreshd.model.SqlNames;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * Counts the rows in which a view and its definition differ, in the snapshot of the caller's transaction.
 *
 * <p>Whole rows are compared by their text. Every type has one, also types without equality (json, xml, point). The text
 * differs where {@code =} does not, as for 1.0 and 1.00; REFRESH CONCURRENTLY makes the same distinction. One session writes
 * the text of both sides, so no setting can make them differ.
 */
final class ContentComparison {
    /** How many keys of differing rows are reported. */
    private static final int KEYS = 5;

    private final Handle handle;
    private final String rows;

    /**
     * @param view name of the view, quoted by the server
     * @param definition the text of {@code pg_get_viewdef}
     * @param key columns of a unique index of the view; empty if there is none
     */
    ContentComparison(Handle handle, String view, String definition, List<String> key) {
        this.handle = handle;
        String query = definition.strip();
        if (query.endsWith(";")) {
            query = query.substring(0, query.length() - 1);
        }
        // The alias is always followed by a dot: a bare alias would denote a column of that name if the view has one.
        String columns = key.isEmpty()
                ? "NULL::text"
                : key.stream()
                        .map(column -> "refreshd_row." + SqlNames.identifier(column))
                        .collect(Collectors.joining(", ", "ROW(", ")::text"));
        String select =
                "SELECT content, min(key) AS key, count(*) AS n FROM (SELECT ROW(refreshd_row.*)::text COLLATE \"C\""
                        + " AS content, " + columns + " COLLATE \"C\" AS key FROM ";
        String group = " AS refreshd_row) AS image GROUP BY content";
        this.rows = "WITH held AS MATERIALIZED (" + select + view + group + "), given AS MATERIALIZED (" + select
                + "(\n" + query + "\n)" + group + ") ";
    }

    Difference compare() throws SQLException {
        String counts = rows + """
                SELECT coalesce(sum(h.n), 0)::bigint AS rows,
                       coalesce(sum(greatest(coalesce(g.n, 0) - coalesce(h.n, 0), 0)), 0)::bigint AS missing,
                       coalesce(sum(greatest(coalesce(h.n, 0) - coalesce(g.n, 0), 0)), 0)::bigint AS surplus
                FROM held h FULL JOIN given g ON h.content = g.content
                """;
        Difference difference = first(counts);
        return difference.none()
                ? difference
                : new Difference(difference.rows(), difference.missing(), difference.surplus(), keys());
    }

    private Difference first(String sql) throws SQLException {
        // Plain JDBC, since JDBI would take colons and question marks in a definition for parameters.
        try (var statement = handle.getConnection().createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return new Difference(row.getLong("rows"), row.getLong("missing"), row.getLong("surplus"), List.of());
        }
    }

    private List<String> keys() throws SQLException {
        String some = rows
                + "SELECT DISTINCT coalesce(h.key, g.key) FROM held h FULL JOIN given g ON h.content = g.content"
                + " WHERE h.n IS DISTINCT FROM g.n AND coalesce(h.key, g.key) IS NOT NULL ORDER BY 1 LIMIT " + KEYS;
        List<String> keys = new ArrayList<>();
        try (var statement = handle.getConnection().createStatement();
                var row = statement.executeQuery(some)) {
            while (row.next()) {
                keys.add(row.getString(1));
            }
        }
        return keys;
    }
}
