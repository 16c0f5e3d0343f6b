package io.refreshd.testing;

import java.util.List;

/** Makes an incremental view by plain statements, of the form that a conversion gives it. The ledger must be there. */
public final class HandMadeIncremental {
    private HandMadeIncremental() {}

    /**
     * The statements, to be run in one transaction.
     *
     * @param hidden the expressions of the hidden columns; the first is the recompute key
     * @param columns the columns of the view
     * @param from FROM and WHERE of the query
     */
    public static List<String> statements(String view, List<String> hidden, List<String> columns, String from) {
        StringBuilder select = new StringBuilder("SELECT ");
        for (int i = 0; i < hidden.size(); i++) {
            select.append(hidden.get(i)).append(" AS refreshd_").append(i + 1).append(", ");
        }
        String store = "refreshd_store." + view + "_1";
        List<String> names = columns.stream()
                .map(column -> column.substring(column.lastIndexOf(column.contains(" ") ? ' ' : '.') + 1))
                .toList();
        return List.of(
                "CREATE SCHEMA IF NOT EXISTS refreshd_store",
                "CREATE VIEW " + store + "_definition AS " + select + String.join(", ", columns) + " " + from,
                "CREATE TABLE " + store + " AS SELECT * FROM " + store + "_definition",
                "CREATE INDEX ON " + store + " (refreshd_1)",
                "CREATE VIEW " + view + " AS SELECT " + String.join(", ", names) + " FROM " + store,
                "INSERT INTO refreshd.incremental_view (view_oid, store_oid, definition_oid, recompute_key, definition)"
                        + " VALUES ('" + view + "'::regclass, '" + store + "'::regclass, '" + store
                        + "_definition'::regclass, '{1}', '')");
    }
}
