package io.refreshd.client;

/**
 * One-to-many from a role view to another table: rows of {@code table} whose {@code foreignKey} equals {@code key} of a row
 * of the view. Names are as the catalog spells them.
 *
 * @param table {@code schema.table}, or a table on the search path
 * @param foreignKey column of the table
 * @param key column of the view
 * @param row record to read the details into
 */
public record Details<D extends Record>(String table, String foreignKey, String key, Class<D> row) {
    String sqlTable() {
        int dot = table.indexOf('.');
        return dot < 0
                ? RoleViewName.quoted(table)
                : RoleViewName.quoted(table.substring(0, dot)) + "." + RoleViewName.quoted(table.substring(dot + 1));
    }
}
