package io.refreshd.refresh;

import io.refreshd.catalog.TrustedCode;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;

/**
 * One prepared statement that finds out which of some views hold rows with any of given keys. The key columns have the same
 * positions in all these views.
 */
final class MembershipQuery {
    private final List<Integer> positions;
    private final List<String> types;
    private final Map<ViewId, ViewId> stores;
    private final List<ViewId> views = new ArrayList<>();
    private @Nullable PreparedStatement prepared;

    /**
     * @param positions of the key columns, from 1
     * @param types of the key columns, as SQL text
     * @param stores the tables that hold the rows of incremental views, by view
     */
    MembershipQuery(List<Integer> positions, List<String> types, Map<ViewId, ViewId> stores) {
        this.positions = positions;
        this.types = types;
        this.stores = stores;
    }

    int size() {
        return views.size();
    }

    void add(ViewId view) {
        views.add(view);
        forget();
    }

    /** @throws SQLException also if the query might run code that is not trusted */
    Set<ViewId> run(Connection connection, Set<List<String>> keys) throws SQLException {
        // Each time, since the server plans the query anew whenever one of the views was altered.
        if (!TrustedCode.isAllInRowsOf(
                connection, views.stream().map(this::holding).toList())) {
            throw new SQLException(
                    "an index, a statistics object or a type of one of the views uses code that is not trusted");
        }
        PreparedStatement statement = prepared;
        if (statement == null) {
            statement = connection.prepareStatement(sql());
            statement.unwrap(PGStatement.class).setPrepareThreshold(1);
            prepared = statement;
        }
        for (int part = 0; part < positions.size(); part++) {
            int place = part;
            Object[] values = keys.stream().map(key -> key.get(place)).toArray();
            Array array = connection.createArrayOf("text", values);
            // Of no type, so that the server takes it for one of the key's own type. From text it would be cast, by a
            // cast
            // that a user may have made.
            statement.setObject(part + 1, array.toString(), Types.OTHER);
            array.free();
        }
        Set<ViewId> showing = new HashSet<>();
        try (ResultSet row = statement.executeQuery()) {
            row.next();
            for (int i = 0; i < views.size(); i++) {
                if (row.getBoolean(i + 1)) {
                    showing.add(views.get(i));
                }
            }
        }
        return showing;
    }

    private String sql() {
        String keys = IntStream.range(0, positions.size())
                .mapToObj(i -> "?::%s[] AS a%d".formatted(types.get(i), i))
                .collect(Collectors.joining(", "));
        return views.stream().map(this::shows).collect(Collectors.joining(",\n       ", "SELECT ", ""))
                + "\n  FROM (SELECT " + keys + ") AS k";
    }

    private String shows(ViewId view) {
        String columns = IntStream.rangeClosed(1, Collections.max(positions))
                .mapToObj(i -> "c" + i)
                .collect(Collectors.joining(", "));
        return "EXISTS (SELECT FROM %s AS x(%s) WHERE %s)"
                .formatted(SqlNames.qualified(holding(view)), columns, matching());
    }

    /** The relation that holds the view's rows with the columns to which the positions refer. */
    private ViewId holding(ViewId view) {
        return stores.getOrDefault(view, view);
    }

    private String matching() {
        if (positions.size() == 1) {
            return "x.c%d = ANY (k.a0)".formatted(positions.getFirst());
        }
        List<Integer> parts = IntStream.range(0, positions.size()).boxed().toList();
        String arrays = parts.stream().map(i -> "k.a" + i).collect(Collectors.joining(", "));
        String names = parts.stream().map(i -> "k" + i).collect(Collectors.joining(", "));
        String equal = parts.stream()
                .map(i -> "x.c%d = u.k%d".formatted(positions.get(i), i))
                .collect(Collectors.joining(" AND "));
        return "EXISTS (SELECT FROM unnest(%s) AS u(%s) WHERE %s)".formatted(arrays, names, equal);
    }

    /** Closes the statement; the next run prepares it again. */
    void forget() {
        if (prepared != null) {
            try {
                prepared.close();
            } catch (SQLException e) {
                // The statement ends with its connection.
            }
            prepared = null;
        }
    }
}
