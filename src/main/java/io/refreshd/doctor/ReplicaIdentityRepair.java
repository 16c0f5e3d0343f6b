package io.refreshd.doctor;

import io.refreshd.catalog.BaseTable;
import io.refreshd.model.TableId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * Finds for tables that cannot be published the statements that give them a replica identity, the cheapest that the server accepts: a
 * unique index that is there; one on the columns of a deferrable primary key; otherwise whole rows. Reads only.
 */
final class ReplicaIdentityRepair {
    /** A column of an identity index is NOT NULL and not generated, and the index is immediate, and has no expression and no WHERE. */
    private static final String SQL = """
            SELECT n.nspname, c.relname,
                   CASE WHEN usable.relname IS NOT NULL
                        THEN ARRAY[CASE WHEN usable.indisprimary
                                        THEN format('ALTER TABLE %I.%I REPLICA IDENTITY DEFAULT', n.nspname, c.relname)
                                        ELSE format('ALTER TABLE %I.%I REPLICA IDENTITY USING INDEX %I',
                                                    n.nspname, c.relname, usable.relname) END]
                        WHEN late.columns IS NOT NULL
                        THEN ARRAY[format('CREATE UNIQUE INDEX %I ON %I.%I (%s)', late.name, n.nspname, c.relname, late.columns),
                                   format('ALTER TABLE %I.%I REPLICA IDENTITY USING INDEX %I', n.nspname, c.relname, late.name)]
                        WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                                          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> '')
                        THEN ARRAY[format('ALTER TABLE %I.%I REPLICA IDENTITY FULL', n.nspname, c.relname)]
                        ELSE ARRAY[]::text[] END AS statements
              FROM pg_catalog.pg_class c
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              LEFT JOIN LATERAL (
                SELECT x.relname, i.indisprimary
                  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                 WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                   AND i.indpred IS NULL AND i.indexprs IS NULL
                   AND NOT EXISTS (SELECT FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
                                     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
                                    WHERE k.place <= i.indnkeyatts AND (NOT a.attnotnull OR a.attgenerated <> ''))
                 ORDER BY i.indisprimary DESC, i.indnkeyatts, x.relname LIMIT 1) AS usable ON true
              LEFT JOIN LATERAL (
                SELECT left(c.relname, 40) || '_replica_identity' AS name,
                       string_agg(format('%I', a.attname), ', ' ORDER BY k.place) AS columns
                  FROM pg_catalog.pg_index i
                  CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
                  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
                 WHERE i.indrelid = c.oid AND i.indisprimary AND NOT i.indimmediate AND k.place <= i.indnkeyatts
                HAVING bool_and(a.attgenerated = '')) AS late ON true
             WHERE c.oid = ANY (CAST(:oids AS oid[]))
            """;

    private ReplicaIdentityRepair() {}

    /** By table; a table for which the server would accept none of these has no entry, or an empty one. */
    static Map<TableId, List<String>> of(Handle handle, Collection<BaseTable> tables) {
        Map<TableId, List<String>> statements = new HashMap<>();
        if (!tables.isEmpty()) {
            handle.createQuery(SQL)
                    .bind("oids", tables.stream().map(BaseTable::oid).toArray(Long[]::new))
                    .map((row, context) -> Map.entry(
                            new TableId(row.getString("nspname"), row.getString("relname")),
                            new ArrayList<>(Arrays.asList(
                                    (String[]) row.getArray("statements").getArray()))))
                    .forEach(entry -> statements.put(entry.getKey(), entry.getValue()));
        }
        return statements;
    }
}
