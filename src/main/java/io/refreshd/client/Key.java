package io.refreshd.client;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.statement.Query;

/**
 * The key of a relation: the columns of its unique index with the fewest columns.
 *
 * @param columns empty if the relation has no such index
 */
record Key(List<Part> columns) {
    Key {
        columns = List.copyOf(columns);
    }

    /**
     * A column of the key.
     *
     * @param type name of its type, qualified and quoted for SQL
     */
    record Part(String name, String type) {
        String sql() {
            return "r." + RoleViewName.quoted(name);
        }
    }

    boolean consistsOf(String column) {
        return names().equals(List.of(column));
    }

    List<String> names() {
        return columns.stream().map(Part::name).toList();
    }

    String sql() {
        return columns.stream().map(Part::sql).collect(Collectors.joining(", "));
    }

    /** The key columns as text for a select list, under a name that no record component can have. */
    String select() {
        return columns.stream().map(Part::sql).map(Key::text).collect(Collectors.joining());
    }

    /**
     * The text of one value, as the first column of a select list. Collation {@code "C"} compares texts byte by byte; the
     * collation of the column could take different texts for equal.
     */
    static String text(String sql) {
        return "CAST(" + sql + " AS pg_catalog.text) COLLATE pg_catalog.\"C\" AS \"refreshd key\", ";
    }

    /**
     * The SQL parameters for the values of a key, to be bound by {@link #bind}. A text is cast to the type of its column, since
     * PostgreSQL does not compare, say, {@code uuid} with {@code text}.
     */
    String parameters(List<?> values) {
        List<String> sql = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            String parameter = ":refreshd_key_" + i;
            boolean text = values.get(i) instanceof String || values.get(i) instanceof Enum;
            sql.add(text ? "CAST(" + parameter + " AS " + columns.get(i).type() + ")" : parameter);
        }
        return String.join(", ", sql);
    }

    static Query bind(Query query, List<?> values) {
        Map<String, Object> named = new HashMap<>();
        for (int i = 0; i < values.size(); i++) {
            named.put("refreshd_key_" + i, values.get(i));
        }
        return query.bindMap(named);
    }
}
