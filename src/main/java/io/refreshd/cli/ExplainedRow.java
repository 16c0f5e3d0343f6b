package io.refreshd.cli;

import io.refreshd.catalog.BaseTable;
import io.refreshd.catalog.TrustedCode;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
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
 * The row that {@code explain} is asked about, as it is now.
 *
 * @param keyColumns in the order of the key
 * @param key the values of the key columns, as they were typed
 * @param values by column, in text form; empty if there is no such row, or to read it could run code that is not trusted
 */
record ExplainedRow(List<String> keyColumns, List<String> key, Optional<Map<String, @Nullable String>> values) {
    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    /** The columns of a key, in their order. */
    record Key(List<String> names, List<String> types) {
        /** A condition with one parameter for each column. */
        String condition() {
            return IntStream.range(0, names.size())
                    .mapToObj(i -> SqlNames.identifier(names.get(i)) + " = CAST(? AS " + types.get(i) + ")")
                    .collect(Collectors.joining(" AND "));
        }
    }

    /** Reads the row, unless the number of values differs from the number of key columns. */
    static ExplainedRow read(Connection connection, BaseTable table, List<String> key) throws Exception {
        Key columns = key(connection, table.oid());
        if (columns.names().size() != key.size() || key.isEmpty()) {
            return new ExplainedRow(columns.names(), key, Optional.empty());
        }
        List<String> all = List.copyOf(table.columns());
        String select = all.stream()
                .map(column -> SqlNames.identifier(column) + "::text")
                .collect(Collectors.joining(", "));
        String name = SqlNames.qualified(table.id());
        if (TrustedCode.obstacle(connection, table.oid(), TrustedCode.Use.ROWS).isPresent()) {
            // The reason is that of each view, since each reads the table.
            return new ExplainedRow(columns.names(), key, Optional.empty());
        }
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT " + select + " FROM " + name + " WHERE " + columns.condition())) {
            for (int i = 0; i < key.size(); i++) {
                statement.setString(i + 1, key.get(i));
            }
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    return new ExplainedRow(columns.names(), key, Optional.empty());
                }
                Map<String, @Nullable String> values = new HashMap<>();
                for (int i = 0; i < all.size(); i++) {
                    values.put(all.get(i), row.getString(i + 1));
                }
                return new ExplainedRow(columns.names(), key, Optional.of(values));
            }
        } catch (SQLException failure) {
            throw withRemedy(failure, name);
        }
    }

    /** Adds the remedy to the failure if the role may not read the table; returns any other failure as it is. */
    static Exception withRemedy(SQLException failure, String table) {
        return INSUFFICIENT_PRIVILEGE.equals(failure.getSQLState())
                ? new PrerequisitesMissingException(List.of(new Obstacle(
                        "refreshd may not read the row: " + failure.getMessage(),
                        Remedy.text("grant the role of refreshd SELECT on " + table))))
                : failure;
    }

    /** The key as the server writes it. The typed value may be another way to write it; without a row there is only that. */
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

    static Key key(Connection connection, long table) throws SQLException {
        List<String> names = new ArrayList<>();
        List<String> types = new ArrayList<>();
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
                    names.add(rows.getString(1));
                    types.add(rows.getString(2));
                }
            }
        }
        return new Key(names, types);
    }
}
