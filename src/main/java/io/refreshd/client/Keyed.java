package io.refreshd.client;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.statement.StatementContext;

/** A row beside the values of its first columns, by which it is told from others, put into order or joined. */
record Keyed<R>(List<Object> key, R row) {

    /** The mapper of the row does not look at the key: its columns have names that no component can have. */
    static <R> RowMapper<Keyed<R>> mapper(RowMapper<R> rows, int keys) {
        return new RowMapper<>() {
            @Override
            public Keyed<R> map(ResultSet result, StatementContext context) throws SQLException {
                return new Keyed<>(key(result, keys), rows.map(result, context));
            }

            @Override
            public RowMapper<Keyed<R>> specialize(ResultSet result, StatementContext context) throws SQLException {
                // Looks the columns up once, and not for every row.
                RowMapper<R> special = rows.specialize(result, context);
                return (row, at) -> new Keyed<>(key(row, keys), special.map(row, at));
            }
        };
    }

    private static List<Object> key(ResultSet result, int keys) throws SQLException {
        List<Object> key = new ArrayList<>(keys);
        for (int i = 1; i <= keys; i++) {
            Object value = result.getObject(i);
            // An integer on one side may be a bigint on the other.
            key.add(value instanceof Integer || value instanceof Short ? ((Number) value).longValue() : value);
        }
        return key;
    }
}
