package io.refreshd.refresh;

import io.refreshd.database.PlainSession;
import io.refreshd.incremental.KeyCondition;
import io.refreshd.model.IncrementalStore;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Compares the rows of a view that have given keys with the rows that its definition gives for those keys.
 *
 * <p>Rows are sorted and compared by their binary image, with the record operators {@code *<} and {@code *=}. So NULL,
 * duplicates and types without equality are handled, and 1.0 differs from 1.00.
 *
 * <p>The queries are not prepared: a definition may contain question marks that are operators, as in {@code jsonb ? 'key'}.
 */
public final class Comparison {
    private final Connection connection;
    private final PlainSession session;
    private final String view;
    private final String definition;
    private final String columns;

    private Comparison(Connection connection, PlainSession session, String view, String definition, String columns) {
        this.connection = connection;
        this.session = session;
        this.view = view;
        this.definition = definition;
        this.columns = columns;
    }

    /**
     * Reads the definition, for use within the present transaction.
     *
     * @throws SQLException also if there is no view with this oid
     */
    public static Comparison of(Connection connection, ViewId view, long oid) throws SQLException {
        // As in a refresh, which evaluates the same definition. Built-in functions alone are looked up, so that no
        // search path matters.
        PlainSession session = PlainSession.ofOwner(connection, oid)
                .with("search_path", "pg_catalog, pg_temp")
                .with("standard_conforming_strings", "on");
        return session.forDefinitions().query(connection, """
                        SELECT pg_catalog.pg_get_viewdef(%1$d::oid),
                               (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_attribute
                                 WHERE attrelid = %1$d::oid AND attnum > 0 AND NOT attisdropped)
                        """.formatted(oid), row -> {
            row.next();
            String definition = row.getString(1);
            if (definition == null) {
                throw new SQLException("no view has oid " + oid);
            }
            return new Comparison(
                    connection,
                    session,
                    SqlNames.qualified(view),
                    definition.strip().replaceFirst(";$", ""),
                    IntStream.rangeClosed(1, row.getInt(2))
                            .mapToObj(i -> "c" + i)
                            .collect(Collectors.joining(", ")));
        });
    }

    /**
     * Compares the table of an incremental view with its definition, for use within the present transaction. Both have the hidden columns
     * too, which keys are among.
     *
     * @param oid of the public view
     */
    public static Comparison of(Connection connection, IncrementalStore parts, long oid) throws SQLException {
        PlainSession session = PlainSession.ofOwner(connection, oid)
                .with("search_path", "pg_catalog, pg_temp")
                .with("standard_conforming_strings", "on");
        String store = SqlNames.qualified(parts.store());
        int columns = session.query(
                connection,
                "SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_attribute WHERE attrelid OPERATOR(pg_catalog.=) "
                        + SqlNames.literal(store)
                        + "::pg_catalog.regclass AND attnum OPERATOR(pg_catalog.>) 0 AND NOT attisdropped",
                row -> {
                    row.next();
                    return row.getInt(1);
                });
        return new Comparison(
                connection,
                session,
                store,
                "SELECT * FROM " + SqlNames.qualified(parts.definition()),
                IntStream.rangeClosed(1, columns).mapToObj(i -> "c" + i).collect(Collectors.joining(", ")));
    }

    /** Returns whether view and definition have the same rows for every look-up. */
    public boolean agrees(List<KeyLookup> lookups) throws SQLException {
        for (KeyLookup lookup : lookups) {
            if (differs(lookup)) {
                return false;
            }
        }
        return true;
    }

    private boolean differs(KeyLookup lookup) throws SQLException {
        String sql = """
                SELECT EXISTS (
                  SELECT FROM (SELECT r, row_number() OVER (ORDER BY r USING OPERATOR(pg_catalog.*<)) AS n
                                 FROM (SELECT ROW(%1$s) AS r FROM (%2$s) AS x(%1$s) %4$s) AS d) AS a
                  FULL JOIN (SELECT r, row_number() OVER (ORDER BY r USING OPERATOR(pg_catalog.*<)) AS n
                               FROM (SELECT ROW(%1$s) AS r FROM %3$s AS x(%1$s) %4$s) AS v) AS b ON a.n = b.n
                  WHERE a.n IS NULL OR b.n IS NULL OR NOT a.r OPERATOR(pg_catalog.*=) b.r)
                """.formatted(columns, definition, view, matching(lookup));
        return queryOne(sql, row -> row.getBoolean(1));
    }

    /** Returns how many rows of the view have a key of the look-up. */
    public long rowsInView(KeyLookup lookup) throws SQLException {
        return count("SELECT count(*) FROM %2$s AS x(%1$s) %3$s".formatted(columns, view, matching(lookup)));
    }

    /** Returns how many rows with a key of the look-up the view would have if it were refreshed now. */
    public long rowsByDefinition(KeyLookup lookup) throws SQLException {
        return count("SELECT count(*) FROM (%2$s) AS x(%1$s) %3$s".formatted(columns, definition, matching(lookup)));
    }

    private long count(String sql) throws SQLException {
        return queryOne(sql, row -> row.getLong(1));
    }

    private <T> T queryOne(String sql, PlainSession.Rows<T> reader) throws SQLException {
        return session.query(connection, sql, row -> {
            row.next();
            return reader.read(row);
        });
    }

    /** Returns the condition for rows with a key of the look-up. */
    private static String matching(KeyLookup lookup) {
        return "WHERE " + KeyCondition.of(lookup, i -> "x.c" + i);
    }
}
