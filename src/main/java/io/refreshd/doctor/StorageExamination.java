package io.refreshd.doctor;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How the views lie on disk: what makes a concurrent refresh slow, and what many of them leave behind. */
final class StorageExamination implements Examination {
    /** Smaller ones are refreshed in no time, whatever their shape. */
    private static final long WORTH_MENDING = 10_000;

    private static final double BLOATED = 0.5;

    @Override
    public List<Finding> of(ExaminedDatabase database) {
        return database
                .handle()
                .createQuery("""
                        SELECT n.nspname || '.' || c.relname AS view, format('%I.%I', n.nspname, c.relname) AS name,
                               greatest(c.reltuples, coalesce(s.n_live_tup, 0))::bigint AS rows,
                               coalesce(s.n_dead_tup, 0) AS dead,
                               pg_size_pretty(pg_table_size(c.oid)) AS size,
                               s.last_vacuum IS NULL AND s.last_autovacuum IS NULL AS unvacuumed,
                               (SELECT a.attname FROM pg_catalog.pg_attribute a
                                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum LIMIT 1) AS first,
                               k.columns, k.leads
                        FROM pg_catalog.pg_class c
                        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                        LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
                        LEFT JOIN LATERAL (
                            SELECT string_agg(a.attname, ', ' ORDER BY p.place) AS columns, bool_or(a.attnum = 1) AS leads
                            FROM (SELECT i.indkey FROM pg_catalog.pg_index i
                                  WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
                                    AND i.indpred IS NULL AND i.indexprs IS NULL
                                  ORDER BY i.indexrelid LIMIT 1) i
                            CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS p (number, place)
                            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.number
                        ) k ON true
                        WHERE c.oid = ANY(CAST(:oids AS bigint[]))
                        """)
                .bind("oids", Views.oids(database))
                .map((row, context) -> findings(row))
                .list()
                .stream()
                .flatMap(List::stream)
                .toList();
    }

    private static List<Finding> findings(ResultSet row) throws SQLException {
        List<Finding> findings = new ArrayList<>();
        long rows = row.getLong("rows");
        String view = row.getString("view");
        String key = row.getString("columns");
        if (key != null && !row.getBoolean("leads")) {
            findings.add(new Finding(
                    rows >= WORTH_MENDING ? Severity.WARNING : Severity.INFO,
                    "key-not-first",
                    view,
                    "its key (" + key + ") is not its first column, which is " + row.getString("first"),
                    "A concurrent refresh sorts whole rows from their first column on: with one that has many equal values"
                            + " in front it takes several times as long.",
                    "make it anew with the key first: DROP MATERIALIZED VIEW " + row.getString("name")
                            + "; CREATE MATERIALIZED VIEW " + row.getString("name") + " AS SELECT " + key + ", …"));
        }
        long dead = row.getLong("dead");
        if (dead >= WORTH_MENDING && dead > BLOATED * rows) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "bloat",
                    view,
                    String.format(
                            Locale.ROOT,
                            "holds %d dead rows beside %d, in %s%s",
                            dead,
                            rows,
                            row.getString("size"),
                            row.getBoolean("unvacuumed") ? "; it was never vacuumed" : ""),
                    "A concurrent refresh deletes and inserts what changed. If autovacuum does not keep up, the view grows"
                            + " and everything that reads it gets slower.",
                    "VACUUM " + row.getString("name") + "; ALTER MATERIALIZED VIEW " + row.getString("name")
                            + " SET (autovacuum_vacuum_scale_factor = 0.05)"));
        }
        return findings;
    }
}
