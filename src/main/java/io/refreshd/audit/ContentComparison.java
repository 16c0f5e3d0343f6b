package io.refreshd.audit;

import io.refreshd.database.PlainSession;
import io.refreshd.model.SqlNames;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

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

    private final Connection connection;
    private final PlainSession session;
    private final AuditedView view;
    private final String query;

    /**
     * @param session the settings under which both sides are read. All names are written with their schema, since its search path may
     *     lead anywhere
     * @param definition the text of {@code pg_get_viewdef}
     */
    ContentComparison(Connection connection, PlainSession session, AuditedView view, String definition) {
        this.connection = connection;
        this.session = session;
        this.view = view;
        String text = definition.strip();
        this.query = text.endsWith(";") ? text.substring(0, text.length() - 1) : text;
    }

    /** @param leftOut columns that are not compared */
    Difference compare(Set<String> leftOut) throws SQLException {
        String rows = rows(leftOut);
        Difference difference = session.query(connection, rows + """
                SELECT coalesce(pg_catalog.sum(h.n), 0)::pg_catalog.int8 AS rows,
                       coalesce(pg_catalog.sum(greatest(coalesce(g.n, 0) OPERATOR(pg_catalog.-) coalesce(h.n, 0), 0)),
                                0)::pg_catalog.int8 AS missing,
                       coalesce(pg_catalog.sum(greatest(coalesce(h.n, 0) OPERATOR(pg_catalog.-) coalesce(g.n, 0), 0)),
                                0)::pg_catalog.int8 AS surplus
                FROM held h FULL JOIN given g ON h.content OPERATOR(pg_catalog.=) g.content
                """, row -> {
            row.next();
            return new Difference(row.getLong("rows"), row.getLong("missing"), row.getLong("surplus"), List.of());
        });
        return difference.none()
                ? difference
                : new Difference(difference.rows(), difference.missing(), difference.surplus(), keys(rows));
    }

    private String rows(Set<String> leftOut) {
        List<String> compared = view.columns().stream()
                .filter(column -> !leftOut.contains(column))
                .toList();
        // The alias is always followed by a dot: a bare alias would denote a column of that name if the view has one.
        String content = leftOut.isEmpty() ? "refreshd_row.*" : list(compared);
        String key = view.key().isEmpty() ? "NULL" : "ROW(" + list(view.key()) + ")";
        String select =
                "SELECT content, pg_catalog.min(key) AS key, pg_catalog.count(*) AS n FROM (SELECT ROW(" + content
                        + ")::pg_catalog.text COLLATE pg_catalog.\"C\" AS content, " + key
                        + "::pg_catalog.text COLLATE pg_catalog.\"C\" AS key FROM ";
        String group = " AS refreshd_row) AS image GROUP BY content";
        return "WITH held AS MATERIALIZED (" + select + view.name() + group + "), given AS MATERIALIZED (" + select
                + "(\n" + query + "\n)" + group + ") ";
    }

    private static String list(List<String> columns) {
        return columns.stream()
                .map(column -> "refreshd_row." + SqlNames.identifier(column))
                .collect(Collectors.joining(", "));
    }

    private List<String> keys(String rows) throws SQLException {
        String some = rows
                + "SELECT DISTINCT coalesce(h.key, g.key) FROM held h FULL JOIN given g"
                + " ON h.content OPERATOR(pg_catalog.=) g.content"
                + " WHERE (h.n OPERATOR(pg_catalog.=) g.n) IS NOT TRUE AND coalesce(h.key, g.key) IS NOT NULL"
                + " ORDER BY 1 LIMIT " + KEYS;
        return session.query(connection, some, row -> {
            List<String> keys = new ArrayList<>();
            while (row.next()) {
                keys.add(row.getString(1));
            }
            return keys;
        });
    }
}
