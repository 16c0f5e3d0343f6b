package io.refreshd.doctor;

import io.refreshd.model.Remedy;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Checks how views are stored: a column order that makes concurrent refreshes slow, and the dead rows that they leave behind. */
final class StorageCheck implements Check {
    /** A view with fewer rows is refreshed at once, whatever its column order. */
    private static final long MANY_ROWS = 10_000;

    /** Dead rows for each row, above which a view counts as bloated. */
    private static final double BLOAT_RATIO = 0.5;

    /** The server locks a relation for its size. Where somebody keeps others out, the size is that of the last VACUUM or ANALYZE. */
    private static final String SIZE = """
            CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_locks l
                               WHERE l.locktype = 'relation' AND l.relation = c.oid AND l.mode = 'AccessExclusiveLock'
                                 AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                                                    WHERE d.datname = pg_catalog.current_database()))
                 THEN c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint
                 ELSE pg_catalog.pg_table_size(c.oid) END""";

    @Override
    public List<Finding> run(ExaminedDatabase database) {
        return database
                .handle()
                .createQuery("""
                        SELECT n.nspname || '.' || c.relname AS view, format('%I.%I', n.nspname, c.relname) AS name,
                               greatest(c.reltuples, coalesce(s.n_live_tup, 0))::bigint AS rows,
                               coalesce(s.n_dead_tup, 0) AS dead,
                               pg_size_pretty(SIZE_) AS size,
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
                        """.replace("SIZE_", SIZE))
                .bind("oids", ViewOids.of(database))
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
                            rows >= MANY_ROWS ? Severity.WARNING : Severity.INFO,
                            "key-not-first",
                            view,
                            "its key (" + key + ") does not come first; the first column is " + row.getString("first"),
                            "A concurrent refresh sorts whole rows, beginning with the first column. If that column has many equal"
                                    + " values, the sort takes several times as long.",
                            Remedy.text("create the view again with the key (" + key + ") as its first columns"))
                    .because("the key does not come first"));
        }
        long dead = row.getLong("dead");
        if (dead >= MANY_ROWS && dead > BLOAT_RATIO * rows) {
            findings.add(new Finding(
                            Severity.WARNING,
                            "bloat",
                            view,
                            String.format(
                                    Locale.ROOT,
                                    "holds %d dead rows beside %d live ones, in %s%s",
                                    dead,
                                    rows,
                                    row.getString("size"),
                                    row.getBoolean("unvacuumed") ? "; it was never vacuumed" : ""),
                            "A concurrent refresh deletes and inserts the rows that changed. If autovacuum does not keep up, the view"
                                    + " grows and every query on it gets slower.",
                            Remedy.sql(
                                    "VACUUM " + row.getString("name"),
                                    "ALTER MATERIALIZED VIEW " + row.getString("name")
                                            + " SET (autovacuum_vacuum_scale_factor = 0.05)"))
                    .because("many dead rows"));
        }
        return findings;
    }
}
