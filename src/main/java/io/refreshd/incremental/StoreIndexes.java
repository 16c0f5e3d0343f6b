package io.refreshd.incremental;

import io.refreshd.exchange.Names;
import io.refreshd.exchange.Statements;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** Makes the indexes that rounds need. */
final class StoreIndexes {
    private final Handle transaction;
    private final Statements statements;
    private final long view;

    /** @param view oid of the public view: the end of an index's name where the name was not free */
    StoreIndexes(Handle transaction, long view) {
        this.transaction = transaction;
        this.statements = new Statements(transaction);
        this.view = view;
    }

    /** Makes an index on each of these lists of columns that no index begins with. */
    void add(ViewId store, Collection<List<Integer>> keys) throws SQLException {
        for (List<Integer> key : new HashSet<>(keys)) {
            if (!isIndexed(store, key)) {
                String columns = key.stream().map(String::valueOf).collect(Collectors.joining("_"));
                String name = Names.numbered("refreshd_key_" + columns, view);
                statements.execute("CREATE INDEX " + SqlNames.identifier(name) + " ON " + SqlNames.qualified(store)
                        + " (" + names(store, key) + ")");
                statements.execute("COMMENT ON INDEX " + SqlNames.qualified(new ViewId(store.schema(), name)) + " IS "
                        + SqlNames.literal(ViewParts.INDEX_MARK));
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
}
