package io.refreshd.incremental;

import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** Makes the indexes of one relation on another one, and those that rounds need. */
final class StoreIndexes {
    /** Comment on an index that refreshd made for its rounds. It is not the user's, and goes when the view is converted back. */
    static final String MARK = "Created by refreshd: rounds find rows by it.";

    /**
     * Indexes of people. The server writes the definition of an index with the names of index and table at its beginning; the text after
     * them fits the other relation too.
     */
    private static final String INDEXES = """
            SELECT i.relname::text AS name, pg_catalog.starts_with(d.text, d.head) AS known, d.what,
                   pg_catalog.substr(d.text, pg_catalog.length(d.head) + 1) AS rest,
                   coalesce(pg_catalog.obj_description(i.oid, 'pg_class'), '') AS comment,
                   coalesce(b.spcname::text, '') AS tablespace
              FROM pg_catalog.pg_index x
              JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
              JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
              JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
              LEFT JOIN pg_catalog.pg_tablespace b ON b.oid = i.reltablespace
              CROSS JOIN LATERAL (SELECT CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END) u (what)
              CROSS JOIN LATERAL (
                SELECT u.what, pg_catalog.pg_get_indexdef(i.oid),
                       pg_catalog.format('CREATE %sINDEX %I ON %I.%I', u.what, i.relname, s.nspname, t.relname)) d (what, text, head)
             WHERE x.indrelid = (:old_oid)::oid AND x.indisvalid
               AND coalesce(pg_catalog.obj_description(i.oid, 'pg_class'), '') <> :mark
             ORDER BY i.oid
            """;

    private record Copied(String name, boolean known, String what, String rest, String comment, String tablespace) {}

    private final Handle transaction;
    private final Statements statements;
    private final long view;

    /** @param view oid of the public view: the end of an index's name where the name was not free */
    StoreIndexes(Handle transaction, long view) {
        this.transaction = transaction;
        this.statements = new Statements(transaction);
        this.view = view;
    }

    /** Makes the indexes of one relation on another one, under their names where these are free in its schema. */
    void copy(long oldOid, ViewId fresh) throws SQLException {
        List<Copied> indexes = transaction
                .createQuery(INDEXES)
                .bind("old_oid", oldOid)
                .bind("mark", MARK)
                .map((row, context) -> new Copied(
                        row.getString("name"),
                        row.getBoolean("known"),
                        row.getString("what"),
                        row.getString("rest"),
                        row.getString("comment"),
                        row.getString("tablespace")))
                .list();
        for (Copied index : indexes) {
            if (!index.known()) {
                throw new SQLException("the definition of the index " + index.name() + " has an unknown form");
            }
            copy(index, fresh);
        }
    }

    private void copy(Copied index, ViewId fresh) throws SQLException {
        String name = IndexNames.free(transaction, fresh.schema(), IndexNames.plain(index.name(), view), view);
        tablespace(index.tablespace());
        try {
            statements.execute("CREATE " + index.what() + "INDEX " + SqlNames.identifier(name) + " ON "
                    + SqlNames.qualified(fresh) + index.rest());
        } catch (SQLException e) {
            throw new SQLException(
                    "the index " + index.name() + " cannot be made again: " + e.getMessage()
                            + "; drop it if it is not needed",
                    e.getSQLState(),
                    e);
        }
        tablespace("");
        if (!index.comment().isEmpty()) {
            comment(new ViewId(fresh.schema(), name), index.comment());
        }
    }

    private void tablespace(String name) throws SQLException {
        statements.execute("SELECT pg_catalog.set_config('default_tablespace', "
                + transaction
                        .createQuery("SELECT pg_catalog.format('%L', :name)")
                        .bind("name", name)
                        .mapTo(String.class)
                        .one()
                + ", true)");
    }

    /** Makes an index on each of these lists of columns that no index begins with. */
    void add(ViewId store, Collection<List<Integer>> keys) throws SQLException {
        for (List<Integer> key : new HashSet<>(keys)) {
            if (!isIndexed(store, key)) {
                String columns = key.stream().map(String::valueOf).collect(Collectors.joining("_"));
                String name = IndexNames.numbered("refreshd_key_" + columns, view);
                statements.execute("CREATE INDEX " + SqlNames.identifier(name) + " ON " + SqlNames.qualified(store)
                        + " (" + names(store, key) + ")");
                comment(new ViewId(store.schema(), name), MARK);
            }
        }
    }

    private boolean isIndexed(ViewId store, List<Integer> key) {
        return transaction
                .createQuery("""
                        SELECT EXISTS (
                          SELECT FROM pg_catalog.pg_index x
                            JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
                            JOIN pg_catalog.pg_am m ON m.oid = i.relam
                           WHERE x.indrelid = pg_catalog.to_regclass(:store) AND x.indisvalid AND x.indpred IS NULL
                             AND m.amname = 'btree' AND x.indnkeyatts >= pg_catalog.cardinality(CAST(:key AS int[]))
                             AND (SELECT pg_catalog.array_agg(k.number::int ORDER BY k.number)
                                    FROM pg_catalog.unnest(x.indkey::int2[]) WITH ORDINALITY k (number, place)
                                   WHERE k.place <= pg_catalog.cardinality(CAST(:key AS int[])))
                                 = (SELECT pg_catalog.array_agg(k ORDER BY k) FROM pg_catalog.unnest(CAST(:key AS int[])) k))
                        """)
                .bind("store", SqlNames.qualified(store))
                .bind("key", key.toArray(Integer[]::new))
                .mapTo(Boolean.class)
                .one();
    }

    private String names(ViewId store, List<Integer> key) {
        return transaction
                .createQuery("SELECT a.attnum, a.attname::text AS name FROM pg_catalog.pg_attribute a"
                        + " WHERE a.attrelid = pg_catalog.to_regclass(:store) AND a.attnum > 0 ORDER BY a.attnum")
                .bind("store", SqlNames.qualified(store))
                .map((row, context) -> row.getString("name"))
                .list()
                .stream()
                .collect(Collectors.collectingAndThen(
                        Collectors.toList(),
                        columns -> key.stream()
                                .map(number -> SqlNames.identifier(columns.get(number - 1)))
                                .collect(Collectors.joining(", "))));
    }

    private void comment(ViewId index, String text) throws SQLException {
        statements.execute(transaction
                .createQuery("SELECT pg_catalog.format('COMMENT ON INDEX %s IS %L', :index, :text)")
                .bind("index", SqlNames.qualified(index))
                .bind("text", text)
                .mapTo(String.class)
                .one());
    }
}
