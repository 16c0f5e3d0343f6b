package io.refreshd.client;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * A row beside the text of its first columns, by which it is put into order or joined. The text is the server's own: it stands
 * for a value of any type, and two texts of one column are equal only if the server has written the same value.
 */
record Keyed<R>(List<String> key, R row) {

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

    private static List<String> key(ResultSet result, int keys) throws SQLException {
        List<String> key = new ArrayList<>(keys);
        for (int i = 1; i <= keys; i++) {
            key.add(result.getString(i));
        }
        return key;
    }
}
