package io.refreshd.client;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A relation matched to a record: how its rows are selected. It describes the catalog at the time it was read.
 *
 * @param sql name of the relation, quoted by the server
 * @param select select list with the columns of the record, each under the name of its component
 */
record Shape(long oid, String sql, String select, Key key) {

    /** A relation, as in the catalog. */
    record Found(long oid, String sql, List<Column> columns, Key key) {}

    /**
     * Matches the columns of a relation to the components of a record.
     *
     * @throws RoleViewMismatchException with every component that cannot be read
     */
    static Shape fit(Found found, Class<? extends Record> row) {
        List<String> mismatches = new ArrayList<>();
        List<String> select = new ArrayList<>();
        for (RecordComponent component : row.getRecordComponents()) {
            Optional<Column> column = columnFor(component.getName(), found.columns());
            if (column.isEmpty()) {
                mismatches.add("there is no column for " + component.getName() + " (there are "
                        + found.columns().stream().map(Column::name).collect(Collectors.joining(", ")) + ")");
            } else if (!ColumnTypes.canRead(component.getGenericType(), column.get())) {
                mismatches.add("column " + column.get().name() + " is "
                        + column.get().type() + ", and " + component.getName() + " is " + named(component));
            } else {
                select.add("r." + RoleViewName.quoted(column.get().name()) + " AS "
                        + RoleViewName.quoted(component.getName()));
            }
        }
        if (!mismatches.isEmpty()) {
            throw new RoleViewMismatchException(found.sql(), row, mismatches);
        }
        return new Shape(found.oid(), found.sql(), String.join(", ", select), found.key());
    }

    /** The column of a component: {@code displayName} is {@code "displayName"}, or else {@code display_name} or {@code displayname}. */
    private static Optional<Column> columnFor(String component, List<Column> columns) {
        return columns.stream()
                .filter(column -> column.name().equals(component))
                .findFirst()
                .or(() -> columns.stream()
                        .filter(column -> plain(column.name()).equals(plain(component)))
                        .findFirst());
    }

    private static String plain(String name) {
        return name.replace("_", "").toLowerCase(Locale.ROOT);
    }

    private static String named(RecordComponent component) {
        return component.getGenericType() instanceof Class<?> plain
                ? plain.getSimpleName()
                : component.getGenericType().getTypeName();
    }

    Key requireKey() {
        if (key.columns().isEmpty()) {
            throw new IllegalStateException(sql + " has no unique index over columns, so that its rows have no key");
        }
        return key;
    }

    /**
     * The key, checked to have as many columns as there are values.
     *
     * @throws IllegalArgumentException if the numbers differ
     */
    Key requireKey(List<?> values) {
        if (values.size() != requireKey().columns().size()) {
            throw new IllegalArgumentException(
                    "the key of " + sql + " is " + String.join(", ", key.names()) + ", and not " + values);
        }
        return key;
    }
}
