package io.refreshd.cli;

import io.refreshd.catalog.BaseTable;
import io.refreshd.model.SqlNames;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A row of a table as it is now.
 *
 * @param keyColumns in the order of the key
 * @param key their values
 * @param values by column, in text form; empty if there is no such row
 */
record ExplainedRow(List<String> keyColumns, List<String> key, Optional<Map<String, @Nullable String>> values) {
    private record KeyColumn(String name, String type) {}

    /** Reads no row if the number of values is not that of the key's columns. */
    static ExplainedRow read(Connection connection, BaseTable table, List<String> key) throws SQLException {
        List<KeyColumn> columns = key(connection, table.oid());
        List<String> names = columns.stream().map(KeyColumn::name).toList();
        if (columns.size() != key.size() || columns.isEmpty()) {
            return new ExplainedRow(names, key, Optional.empty());
        }
        String condition = columns.stream()
                .map(column -> SqlNames.identifier(column.name()) + " = CAST(? AS " + column.type() + ")")
                .collect(Collectors.joining(" AND "));
        List<String> all = List.copyOf(table.columns());
        String select = all.stream()
                .map(column -> SqlNames.identifier(column) + "::text")
                .collect(Collectors.joining(", "));
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT " + select + " FROM " + SqlNames.qualified(table.id()) + " WHERE " + condition)) {
            for (int i = 0; i < key.size(); i++) {
                statement.setString(i + 1, key.get(i));
            }
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    return new ExplainedRow(names, key, Optional.empty());
                }
                Map<String, @Nullable String> values = new HashMap<>();
                for (int i = 0; i < all.size(); i++) {
                    values.put(all.get(i), row.getString(i + 1));
                }
                return new ExplainedRow(names, key, Optional.of(values));
            }
        }
    }

    /** The value as it was typed may be another way to write the key: the row knows the one way. */
    List<String> canonicalKey(List<String> columns) {
        return columns.stream()
                .map(column -> values.map(all -> all.get(column))
                        .orElseGet(() -> IntStream.range(0, keyColumns.size())
                                .filter(i -> keyColumns.get(i).equals(column))
                                .mapToObj(key::get)
                                .findFirst()
                                .orElse("")))
                .toList();
    }

    private static List<KeyColumn> key(Connection connection, long table) throws SQLException {
        List<KeyColumn> columns = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("""
                SELECT a.attname, format_type(a.atttypid, a.atttypmod)
                  FROM (SELECT * FROM pg_index WHERE indrelid = ?::bigint::oid AND (indisprimary OR indisreplident)
                         ORDER BY indisprimary DESC LIMIT 1) i
                 CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
                  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
                 WHERE k.place <= i.indnkeyatts
                 ORDER BY k.place
                """)) {
            statement.setLong(1, table);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    columns.add(new KeyColumn(rows.getString(1), rows.getString(2)));
                }
            }
        }
        return columns;
    }
}
