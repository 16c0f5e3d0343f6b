package io.refreshd.client;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** Reads a relation, its columns and its key from the catalog. Blocks. */
final class ShapeReader {
    private static final String RELATION = """
            SELECT c.oid::int8 AS oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS sql
              FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.oid = pg_catalog.to_regclass(:name)
            """;

    private static final String COLUMNS = """
            SELECT a.attname::text AS name, coalesce(b.typname, t.typname)::text AS type,
                   coalesce(b.typtype, t.typtype) = 'e' AS enumerated
              FROM pg_catalog.pg_attribute a
              JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
              LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
             WHERE a.attrelid = (:oid)::oid AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY a.attnum
            """;

    /**
     * The unique index of the relation with the fewest columns. An incremental view is a plain view; the index is on the table that holds
     * its rows, which has the view's columns behind hidden ones.
     */
    private static final String KEY = """
            WITH holder (oid, hidden) AS (
              SELECT (:oid)::oid, 0
              UNION
              SELECT s.oid, s.relnatts - v.relnatts
                FROM pg_catalog.pg_class v
                JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
                 AND d.refclassid = 'pg_catalog.pg_class'::regclass
                JOIN pg_catalog.pg_class s ON s.oid = d.refobjid AND s.relkind = 'r'
                JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace AND n.nspname = 'refreshd_store'
               WHERE v.oid = (:oid)::oid AND v.relkind = 'v'
            )
            SELECT a.attname::text AS name, pg_catalog.format('%I.%I', n.nspname, t.typname) AS type
              FROM (SELECT i.indkey, h.hidden
                      FROM holder h JOIN pg_catalog.pg_index i ON i.indrelid = h.oid
                     WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL
                       AND i.indnkeyatts = i.indnatts AND i.indexprs IS NULL
                       AND h.hidden < ALL (i.indkey::int2[])
                     ORDER BY i.indnkeyatts, i.indexrelid LIMIT 1) i
              CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
              JOIN pg_catalog.pg_attribute a ON a.attrelid = (:oid)::oid AND a.attnum = k.number - i.hidden
              JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
              JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
             ORDER BY k.place
            """;

    private ShapeReader() {}

    /** @param name name of the relation, quoted for SQL */
    static Optional<Shape.Found> find(Handle handle, String name) {
        return handle.createQuery(RELATION)
                .bind("name", name)
                .map((row, context) -> found(handle, row.getLong("oid"), row.getString("sql")))
                .findOne();
    }

    private static Shape.Found found(Handle handle, long oid, String sql) {
        List<Column> columns = handle.createQuery(COLUMNS)
                .bind("oid", oid)
                .map((row, context) ->
                        new Column(row.getString("name"), row.getString("type"), row.getBoolean("enumerated")))
                .list();
        List<Key.Part> key = handle.createQuery(KEY)
                .bind("oid", oid)
                .map((row, context) -> new Key.Part(row.getString("name"), row.getString("type")))
                .list();
        return new Shape.Found(oid, sql, columns, new Key(key));
    }

    /** The name of a relation as messages to subscribers spell it. */
    static String spelled(Handle handle, long oid) {
        return handle.createQuery("SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
                        + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = (:oid)::oid")
                .bind("oid", oid)
                .map((row, context) -> ChangeMessage.spelled(row.getString(1), row.getString(2)))
                .one();
    }
}
