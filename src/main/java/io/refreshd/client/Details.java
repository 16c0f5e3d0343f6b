package io.refreshd.client;

/**
 * A one-to-many relation from a role view to a table of details: the rows of {@code table} whose {@code foreignKey} equals the
 * {@code key} of a row of the view. Names are as the catalog spells them.
 *
 * @param table {@code schema.table}, or the name of a table on the search path
 * @param foreignKey column of the table
 * @param key column of the view
 * @param row record that a detail is read into
 */
public record Details<D extends Record>(String table, String foreignKey, String key, Class<D> row) {
    String sqlTable() {
        int dot = table.indexOf('.');
        return dot < 0
                ? RoleViewName.quoted(table)
                : RoleViewName.quoted(table.substring(0, dot)) + "." + RoleViewName.quoted(table.substring(dot + 1));
    }
}
