package io.refreshd.incremental;

import io.refreshd.model.ClockBound;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Writes the statements that follow the bounds in time of an incremental view. Pure.
 *
 * <p>The statements name what is in {@code pg_catalog} without its schema, which the search path must hold. They run under the settings
 * under which the definition runs, since a bound may depend on the time zone.
 */
public final class ClockSql {
    private static final List<String> TYPES = List.of("timestamptz", "timestamp", "date");

    /** A smaller table is read as a whole as quickly. */
    private static final long SMALL = 8 << 20;

    private final long view;

    /** @param view oid of the public view */
    public ClockSql(long view) {
        this.view = view;
    }

    /**
     * The query for the number of each bound in the list, whether it is known where the bound was when the rows were computed, and whether
     * the rows between two bounds are found without the reading of a large table.
     */
    public String state(List<ClockBound> bounds) {
        return IntStream.range(0, bounds.size())
                .mapToObj(i -> state(i, bounds.get(i)))
                .collect(Collectors.joining("\nUNION ALL\n"));
    }

    private String state(int number, ClockBound bound) {
        return """
                SELECT %d, EXISTS (SELECT FROM %s AND k.%s IS NOT NULL),
                       EXISTS (SELECT FROM pg_class c
                                WHERE c.oid = to_regclass(%s)
                                  AND (c.relkind = 'r' AND pg_relation_size(c.oid) < %d
                                       OR EXISTS (SELECT FROM pg_index i
                                                    JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
                                                    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                                                   WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
                                                     AND a.attname = %s AND m.amname IN ('btree', 'brin'))))""".formatted(
                        number,
                        kept(bound),
                        column(bound.boundType()),
                        KeyCondition.literal(SqlNames.qualified(bound.table())),
                        SMALL,
                        KeyCondition.literal(bound.column()));
    }

    private String kept(ClockBound bound) {
        return "refreshd.incremental_clock AS k WHERE k.view_oid = " + view + " AND k.expression = "
                + KeyCondition.literal(bound.bound());
    }

    private static String column(String type) {
        return "bound_" + type;
    }

    /** The index without which the rows that pass the bound are not found. */
    public Obstacle missingIndex(ClockBound bound) {
        String column = SqlNames.identifier(bound.column());
        return new Obstacle(
                "no index of " + bound.table() + " begins with " + bound.column()
                        + ", so that the rows are not found that have passed its bound in time",
                Remedy.sql("CREATE INDEX ON " + SqlNames.qualified(bound.table()) + " (" + column + ")"));
    }

    /**
     * The query for rows of the table for which the comparison gives another result than when the view was computed. Of each row it
     * returns columns, as text; rows with NULL in one of them are left out, since they lead nowhere.
     *
     * <p>The range only serves the index. Where the types differ it is wider, since the comparison converts one into the other by the
     * time zone.
     */
    public String passed(ClockBound bound, List<String> columns, int limit) {
        boolean sameType = bound.columnType().equals(bound.boundType());
        String column = "t." + SqlNames.identifier(bound.column());
        String lower = "least(k.before, k.after)" + (sameType ? "" : " - '2 days'::interval");
        String upper = "greatest(k.before, k.after)" + (sameType ? "" : " + '2 days'::interval");
        List<String> shown =
                columns.stream().map(name -> "t." + SqlNames.identifier(name)).toList();
        return """
                WITH k AS MATERIALIZED (SELECT k.%1$s AS before, CAST(%2$s AS %3$s) AS after FROM %4$s)
                SELECT DISTINCT %5$s FROM %6$s AS t
                 WHERE %7$s >= (SELECT CAST(%8$s AS %9$s) FROM k) AND %7$s <= (SELECT CAST(%10$s AS %9$s) FROM k)
                   AND %11$s IS DISTINCT FROM %12$s AND %13$s
                 LIMIT %14$d""".formatted(
                        column(bound.boundType()),
                        bound.bound(),
                        bound.boundType(),
                        kept(bound),
                        shown.stream().map(name -> "format('%s', " + name + ")").collect(Collectors.joining(", ")),
                        SqlNames.qualified(bound.table()),
                        column,
                        lower,
                        bound.columnType(),
                        upper,
                        compared(bound, column, "(SELECT before FROM k)"),
                        compared(bound, column, "(SELECT after FROM k)"),
                        shown.stream().map(name -> name + " IS NOT NULL").collect(Collectors.joining(" AND ")),
                        limit);
    }

    private static String compared(ClockBound bound, String column, String value) {
        return "pg_catalog." + bound.comparison() + "("
                + (bound.columnFirst() ? column + ", " + value : value + ", " + column) + ")";
    }

    /** The statement that keeps the bounds by which the rows are computed in this transaction. */
    public String keep(List<ClockBound> bounds) {
        return bounds.stream()
                .map(bound -> Stream.concat(
                                Stream.of(String.valueOf(view), KeyCondition.literal(bound.bound())),
                                TYPES.stream()
                                        .map(type -> type.equals(bound.boundType()) ? bound.bound() : "NULL::" + type))
                        .collect(Collectors.joining(", ", "(", ")")))
                .distinct()
                .collect(Collectors.joining(
                        ", ",
                        "INSERT INTO refreshd.incremental_clock (view_oid, expression, bound_timestamptz, bound_timestamp, bound_date)"
                                + " VALUES ",
                        " ON CONFLICT (view_oid, expression) DO UPDATE SET bound_timestamptz = excluded.bound_timestamptz,"
                                + " bound_timestamp = excluded.bound_timestamp, bound_date = excluded.bound_date"));
    }
}
