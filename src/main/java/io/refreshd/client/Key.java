package io.refreshd.client;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.statement.Query;

/**
 * What tells the rows of a view apart: the columns of its smallest unique index.
 *
 * @param columns none if the view has no such index
 */
record Key(List<Part> columns) {
    Key {
        columns = List.copyOf(columns);
    }

    /** @param type its type, qualified and quoted for SQL */
    record Part(String name, String type) {
        String sql() {
            return "r." + RoleViewName.quoted(name);
        }
    }

    boolean isJust(String column) {
        return names().equals(List.of(column));
    }

    List<String> names() {
        return columns.stream().map(Part::name).toList();
    }

    String sql() {
        return columns.stream().map(Part::sql).collect(Collectors.joining(", "));
    }

    /** Under names that no component can have. */
    String select() {
        return columns.stream().map(Part::sql).map(Key::text).collect(Collectors.joining());
    }

    /** The text of one value, to be the first column. Texts that differ are different ones, whatever the column's own collation says. */
    static String text(String sql) {
        return "CAST(" + sql + " AS pg_catalog.text) COLLATE pg_catalog.\"C\" AS \"refreshd key\", ";
    }

    /** The place of given values in SQL, for {@link #bind}. Text is made the column's own type, which PostgreSQL does not do by itself. */
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
