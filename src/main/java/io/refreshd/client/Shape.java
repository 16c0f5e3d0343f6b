package io.refreshd.client;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A relation that was found to fit a record. Immutable; true of the catalog at the time it was read.
 *
 * @param sql its name, quoted by the server
 * @param select the columns of the record, each under the name of its component
 * @param key columns of its smallest unique index; none if it has none
 */
record Shape(long oid, String sql, String select, List<String> key) {
    Shape {
        key = List.copyOf(key);
    }

    /** A relation as it stands in the catalog. */
    record Found(long oid, String sql, List<Column> columns, List<String> key) {}

    /** @throws UnfitRoleViewException naming every component that cannot be read */
    static Shape fit(Found found, Class<? extends Record> row) {
        List<String> misfits = new ArrayList<>();
        List<String> select = new ArrayList<>();
        for (RecordComponent component : row.getRecordComponents()) {
            Optional<Column> column = columnFor(component.getName(), found.columns());
            if (column.isEmpty()) {
                misfits.add("there is no column for " + component.getName() + " (there are "
                        + found.columns().stream().map(Column::name).collect(Collectors.joining(", ")) + ")");
            } else if (!Fit.fits(component.getType(), column.get())) {
                misfits.add(
                        "column " + column.get().name() + " is " + column.get().type() + ", and " + component.getName()
                                + " is " + component.getType().getSimpleName());
            } else {
                select.add("r." + RoleViewName.quoted(column.get().name()) + " AS "
                        + RoleViewName.quoted(component.getName()));
            }
        }
        if (!misfits.isEmpty()) {
            throw new UnfitRoleViewException(found.sql(), row, misfits);
        }
        return new Shape(found.oid(), found.sql(), String.join(", ", select), found.key());
    }

    /** {@code displayName} is {@code "displayName"}, or else {@code display_name} or {@code displayname}. */
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

    /** The key's columns, under names that no component can have. */
    String selectKey(List<String> columns) {
        StringBuilder sql = new StringBuilder();
        for (int i = 0; i < columns.size(); i++) {
            sql.append("r.").append(RoleViewName.quoted(columns.get(i))).append(" AS \"refreshd key ");
            sql.append(i).append("\", ");
        }
        return sql.toString();
    }

    List<String> requireKey() {
        if (key.isEmpty()) {
            throw new IllegalStateException(sql + " has no unique index over columns, so that its rows have no key");
        }
        return key;
    }

    String keyColumns() {
        return requireKey().stream()
                .map(column -> "r." + RoleViewName.quoted(column))
                .collect(Collectors.joining(", "));
    }

    String keyParameters() {
        StringBuilder sql = new StringBuilder();
        for (int i = 0; i < requireKey().size(); i++) {
            sql.append(i == 0 ? "" : ", ").append(":refreshd_key_").append(i);
        }
        return sql.toString();
    }
}
