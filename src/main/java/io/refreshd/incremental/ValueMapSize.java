package io.refreshd.incremental;

import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.IncrementalQuery.GroupMap;
import io.refreshd.catalog.ValueColumn;
import io.refreshd.exchange.Attachments;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/**
 * How large the map of a column will become, by the statistics of the tables that it is made from.
 *
 * @param rows of the map
 * @param bytes of its table and indexes
 */
public record ValueMapSize(long rows, long bytes) {
    private static final long TUPLE = 24 + 4;
    private static final long INDEX_TUPLE = 8 + 4;
    /** The share of an index page that is filled. */
    private static final double INDEX_FILLED = 0.9;

    /** A table, or all leaves of a partitioned one. */
    private record Table(double rows, Map<String, Column> columns) {
        Column column(String name) {
            return columns.getOrDefault(name, Column.UNKNOWN);
        }
    }

    /** @param width of a value in bytes @param distinct how many values there are; 0: not known */
    private record Column(long width, double distinct) {
        static final Column UNKNOWN = new Column(8, 0);
    }

    /** The sizes of the maps of a query. The map of a column is left out if one of its tables holds rows and was never analysed. */
    public static Map<ValueColumn, ValueMapSize> of(Handle handle, IncrementalQuery query) {
        Map<ValueColumn, ValueMapSize> sizes = new LinkedHashMap<>();
        for (GroupMap map : query.maps()) {
            ValueColumn column = map.value().orElse(null);
            if (column == null || sizes.containsKey(column)) {
                continue;
            }
            List<Optional<Table>> tables =
                    column.tables().stream().map(table -> read(handle, table)).toList();
            if (tables.stream().allMatch(Optional::isPresent)) {
                sizes.put(
                        column,
                        of(
                                column,
                                map.rows(),
                                tables.stream().flatMap(Optional::stream).toList()));
            }
        }
        return sizes;
    }

    /** @param query of the map @param tables in the order in which it joins them */
    private static ValueMapSize of(ValueColumn value, IncrementalQuery query, List<Table> tables) {
        double rows = tables.getFirst().rows();
        for (int i = 1; i < tables.size(); i++) {
            double distinct =
                    tables.get(i).column(value.joins().get(i - 1).by()).distinct();
            rows *= distinct > 0 ? tables.get(i).rows() / distinct : 1;
        }
        // The value comes last.
        List<Long> widths = Stream.concat(
                        query.hidden().stream()
                                .map(key -> tables.get(key.read()).column(key.column())),
                        Stream.of(tables.getLast().column(value.last())))
                .map(Column::width)
                .toList();
        double row = (TUPLE + aligned(widths)) * 100.0 / Attachments.FILLFACTOR;
        Set<List<Integer>> indexes = new HashSet<>(Set.of(query.recomputeKey()));
        query.tables().forEach(table -> indexes.addAll(table.positions()));
        for (List<Integer> index : indexes) {
            row += (INDEX_TUPLE
                            + aligned(index.stream()
                                    .map(number -> widths.get(number - 1))
                                    .toList()))
                    / INDEX_FILLED;
        }
        return new ValueMapSize(Math.round(rows), Math.round(rows * row));
    }

    private static long aligned(List<Long> widths) {
        long sum = widths.stream().mapToLong(width -> width).sum();
        return (sum + 7) / 8 * 8;
    }

    /** @return empty if its rows were never counted */
    private static Optional<Table> read(Handle handle, TableId table) {
        record Found(double rows, String name, Column column) {}
        List<Found> found = handle.createQuery("""
                        WITH leaf AS MATERIALIZED (
                            SELECT n.nspname, c.relname, c.reltuples, c.reltuples >= 0 OR pg_catalog.pg_relation_size(c.oid) = 0 AS counted
                              FROM pg_catalog.pg_class c
                              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                             WHERE c.relkind <> 'p'
                               AND (c.oid = pg_catalog.to_regclass(:table)
                                    OR c.oid IN (SELECT p.relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass(:table)) p))
                        )
                        SELECT a.attname::text AS name, r.rows,
                               coalesce(s.width, CASE WHEN t.typlen > 0 THEN t.typlen ELSE 16 END) AS width, coalesce(s.found, 0) AS found
                          FROM (SELECT coalesce(sum(greatest(reltuples, 0)), 0)::float8 AS rows FROM leaf HAVING bool_and(counted) IS NOT false) r
                         CROSS JOIN pg_catalog.pg_attribute a
                          JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                          LEFT JOIN LATERAL (
                               SELECT max(s.avg_width) AS width,
                                      max(CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * l.reltuples ELSE s.n_distinct END)::float8 AS found
                                 FROM leaf l JOIN pg_catalog.pg_stats s ON (s.schemaname, s.tablename) = (l.nspname, l.relname)
                                WHERE s.attname = a.attname) s ON true
                         WHERE a.attrelid = pg_catalog.to_regclass(:table) AND a.attnum > 0 AND NOT a.attisdropped
                        """)
                .bind("table", SqlNames.qualified(new ViewId(table.schema(), table.name())))
                .map((row, context) -> new Found(
                        row.getDouble("rows"),
                        row.getString("name"),
                        new Column(row.getLong("width"), row.getDouble("found"))))
                .list();
        return found.stream()
                .findFirst()
                .map(one ->
                        new Table(one.rows(), found.stream().collect(Collectors.toMap(Found::name, Found::column))));
    }
}
