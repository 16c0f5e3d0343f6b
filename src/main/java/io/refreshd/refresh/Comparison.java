package io.refreshd.refresh;

import io.refreshd.model.KeyProbe;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Compares the rows of a view that stem from changed rows with what its definition says of them. Both sides are sorted and
 * compared by their bytes, as the server stores them: so NULL, duplicates and types that know no equality are handled, and 1.0
 * differs from 1.00.
 */
public final class Comparison {
    private final Connection connection;
    private final String view;
    private final String definition;
    private final String columns;

    private Comparison(Connection connection, String view, String definition, String columns) {
        this.connection = connection;
        this.view = view;
        this.definition = definition;
        this.columns = columns;
    }

    /**
     * For one transaction, whose search path it empties: so the definition comes fully qualified.
     *
     * @throws SQLException also if the view is gone
     */
    public static Comparison of(Connection connection, ViewId view, long oid) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL search_path = pg_catalog, pg_temp");
        }
        try (PreparedStatement statement = connection.prepareStatement("""
                SELECT pg_get_viewdef(?::bigint::oid),
                       (SELECT count(*)::int FROM pg_attribute
                         WHERE attrelid = ?::bigint::oid AND attnum > 0 AND NOT attisdropped)
                """)) {
            statement.setLong(1, oid);
            statement.setLong(2, oid);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                String definition = row.getString(1);
                if (definition == null) {
                    throw new SQLException("no view has oid " + oid);
                }
                return new Comparison(
                        connection,
                        SqlNames.qualified(view),
                        definition.strip().replaceFirst(";$", ""),
                        IntStream.rangeClosed(1, row.getInt(2))
                                .mapToObj(i -> "c" + i)
                                .collect(Collectors.joining(", ")));
            }
        }
    }

    public boolean agrees(List<KeyProbe> probes) throws SQLException {
        for (KeyProbe probe : probes) {
            if (differs(probe)) {
                return false;
            }
        }
        return true;
    }

    private boolean differs(KeyProbe probe) throws SQLException {
        String sql = """
                SELECT EXISTS (
                  SELECT FROM (SELECT r, row_number() OVER (ORDER BY r USING OPERATOR(pg_catalog.*<)) AS n
                                 FROM (SELECT ROW(%1$s) AS r FROM (%2$s) AS x(%1$s) %4$s) AS d) AS a
                  FULL JOIN (SELECT r, row_number() OVER (ORDER BY r USING OPERATOR(pg_catalog.*<)) AS n
                               FROM (SELECT ROW(%1$s) AS r FROM %3$s AS x(%1$s) %4$s) AS v) AS b ON a.n = b.n
                  WHERE a.n IS NULL OR b.n IS NULL OR NOT a.r OPERATOR(pg_catalog.*=) b.r)
                """.formatted(columns, definition, view, matching(probe));
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            int next = bind(statement, 1, probe);
            bind(statement, next, probe);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    /** How many rows of the view stem from the probe's rows. */
    public long rowsInView(KeyProbe probe) throws SQLException {
        return count("SELECT count(*) FROM %2$s AS x(%1$s) %3$s".formatted(columns, view, matching(probe)), probe);
    }

    /** How many rows the view would hold of the probe's rows if it were refreshed now. */
    public long rowsByDefinition(KeyProbe probe) throws SQLException {
        return count(
                "SELECT count(*) FROM (%2$s) AS x(%1$s) %3$s".formatted(columns, definition, matching(probe)), probe);
    }

    private long count(String sql, KeyProbe probe) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, 1, probe);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** @return the parameter that follows */
    private int bind(PreparedStatement statement, int first, KeyProbe probe) throws SQLException {
        int parameter = first;
        for (int i = 0; i < probe.positions().size(); i++) {
            int column = i;
            List<String> values =
                    probe.keys().stream().map(key -> key.get(column)).toList();
            statement.setArray(parameter++, connection.createArrayOf("text", values.toArray()));
        }
        return parameter;
    }

    /** Of one column: = ANY, which the planner turns into index look-ups on either side. */
    private static String matching(KeyProbe probe) {
        if (probe.positions().size() == 1) {
            return "WHERE x.c%d = ANY (?::text[]::%s[])"
                    .formatted(probe.positions().getFirst(), probe.types().getFirst());
        }
        List<Integer> parts =
                IntStream.range(0, probe.positions().size()).boxed().toList();
        String names = parts.stream().map(i -> "k" + i).collect(Collectors.joining(", "));
        String arrays = parts.stream()
                .map(i -> "unnest(?::text[]::%s[])".formatted(probe.types().get(i)))
                .collect(Collectors.joining(", "));
        String equal = parts.stream()
                .map(i -> "x.c%d = k.k%d".formatted(probe.positions().get(i), i))
                .collect(Collectors.joining(" AND "));
        return "WHERE EXISTS (SELECT FROM ROWS FROM (" + arrays + ") AS k(" + names + ") WHERE " + equal + ")";
    }
}
