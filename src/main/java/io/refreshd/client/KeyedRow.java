package io.refreshd.client;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * A row and the text of its key, which are the first columns of the result. The server writes the text, so that it can stand for
 * a value of any type. Two texts of one column are equal only if the server has written the same value.
 */
record KeyedRow<R>(List<String> key, R row) {

    /**
     * A mapper that reads the key and leaves the rest to the mapper of the row. That one ignores the key columns, whose names no
     * record component can have.
     *
     * @param keys number of key columns
     */
    static <R> RowMapper<KeyedRow<R>> mapper(RowMapper<R> rows, int keys) {
        return new RowMapper<>() {
            @Override
            public KeyedRow<R> map(ResultSet result, StatementContext context) throws SQLException {
                return new KeyedRow<>(key(result, keys), rows.map(result, context));
            }

            @Override
            public RowMapper<KeyedRow<R>> specialize(ResultSet result, StatementContext context) throws SQLException {
                // JDBI calls this once for a result, so that columns are not looked up for each row.
                RowMapper<R> special = rows.specialize(result, context);
                return (row, at) -> new KeyedRow<>(key(row, keys), special.map(row, at));
            }
        };
    }

    private static List<String> key(ResultSet result, int keys) throws SQLException {
        List<String> key = new ArrayList<>(keys);
        for (int i = 1; i <= keys; i++) {
            key.add(result.getString(i));
        }
        return key;
    }
}
