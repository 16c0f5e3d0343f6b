package io.refreshd.incremental;

import io.refreshd.incremental.KeyedSql.Values;
import io.refreshd.incremental.StoreLayout.GroupMap;
import io.refreshd.incremental.TotalColumn.Kind;
import io.refreshd.model.SqlNames;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Writes the queries for the new totals of groups: the old ones, and the rows of the map that came, minus those that went. Pure.
 *
 * <p>The rows that came are those of the map's definition for some keys, the rows that went those of the map itself. A row that is in both
 * adds nothing. So a change that has been applied already adds nothing either.
 *
 * <p>Invariant: where a difference does not tell the new total to the last bit, the group is computed again from all its rows in the map:
 * minimum or maximum went; a NaN or infinity came, went or is there; a number of rows would be below zero.
 */
public final class TotalsSql {
    private final GroupMap map;
    private final StoreLayout totals;
    private final List<TotalColumn> columns;
    private final int keys;

    /** @param map has totals */
    public TotalsSql(GroupMap map) {
        this.map = map;
        this.totals = map.totals().orElseThrow().store();
        this.keys = map.key().size();
        this.columns = totals.columns().subList(keys, totals.columns().size()).stream()
                .map(column -> TotalColumn.named(column.name()).orElseThrow())
                .toList();
    }

    /** The query for the totals of all groups, over the map itself. */
    static String definition(String map, int mapColumns, List<Integer> key, List<TotalColumn> columns) {
        boolean oneRow = columns.contains(TotalColumn.STAYS);
        return "SELECT "
                + IntStream.range(0, key.size())
                        .mapToObj(i -> (oneRow ? "true" : "m.c" + key.get(i)) + " AS k" + (i + 1))
                        .collect(Collectors.joining(", "))
                + columns.stream()
                        .map(column -> ", " + column.over("m", "") + " AS " + column.name())
                        .collect(Collectors.joining())
                + " FROM " + map + " AS m("
                + IntStream.rangeClosed(1, mapColumns).mapToObj(i -> "c" + i).collect(Collectors.joining(", "))
                + ")"
                + (oneRow
                        ? ""
                        : key.stream()
                                .map(number -> "m.c" + number)
                                .collect(Collectors.joining(", ", " GROUP BY ", "")));
    }

    /**
     * The statement that corrects the totals of groups, except for those that must be computed again. Behind the numbers of rows it returns an
     * array of the keys of these.
     *
     * @param rows keys of the map
     * @param groups all keys that they lead to
     */
    public KeyedSql difference(Collection<List<String>> rows, Collection<List<String>> groups) {
        String said = "(SELECT " + listed(i -> "t.k" + i)
                + columns.stream()
                        .map(column -> ", CASE WHEN t.kept THEN t.old_%1$s ELSE t.%1$s END".formatted(column.name()))
                        .collect(Collectors.joining())
                + " FROM refreshd_next AS t"
                + (stays()
                        ? ")"
                        : " WHERE CASE WHEN t.kept THEN t.old_%1$s ELSE t.%1$s END > 0)"
                                .formatted(TotalColumn.ROWS.name()));
        String again = ", (SELECT array_agg(ARRAY[" + listed(i -> RoundSql.text("t.k" + i))
                + "]) FROM refreshd_next AS t WHERE t.again)";
        List<List<String>> all = new ArrayList<>(rows);
        all.addAll(groups);
        return KeyedSql.over(
                all,
                values -> new RoundSql(totals)
                        .difference(
                                "refreshd_next AS MATERIALIZED (" + next(rows, groups, values) + "), ",
                                groups,
                                said,
                                again,
                                values));
    }

    /** The query for what the view shows of groups. */
    public String shown() {
        StoreLayout.Totals found = map.totals().orElseThrow();
        return "(SELECT " + found.shown() + " FROM "
                + SqlNames.qualified(totals.names().store()) + " AS s"
                + (found.having().isEmpty() ? "" : " WHERE " + found.having()) + ")";
    }

    /** The old totals and the new ones, and whether the new ones are not known. */
    private String next(Collection<List<String>> rows, Collection<List<String>> groups, Values values) {
        List<String> counted = new ArrayList<>();
        List<String> rest = new ArrayList<>();
        List<String> again = new ArrayList<>();
        for (TotalColumn column : columns) {
            String name = column.name();
            switch (column.kind()) {
                case COUNT, FILLED -> {
                    counted.add("coalesce(j.old_%1$s, 0) + coalesce(j.came_%1$s, 0) - coalesce(j.went_%1$s, 0) AS %1$s"
                            .formatted(name));
                    again.add("n." + name + " < 0");
                }
                case SCALES -> {
                    counted.add(
                            "nullif(coalesce(j.old_%1$s, 0) + coalesce(j.came_%1$s, 0) - coalesce(j.went_%1$s, 0), 0) AS %1$s"
                                    .formatted(name));
                    again.add("n." + name + " < 0");
                    again.add("length(n." + name + "::text) > " + TotalColumn.DIGITS * TotalColumn.MOST_DECIMALS);
                }
                case SUM -> {
                    rest.add(sum(column) + " AS " + name);
                    if (isOfDecimals(column)) {
                        for (String side : List.of("old", "came", "went")) {
                            again.add("(n.%1$s_%2$s IS NOT NULL AND scale(n.%1$s_%2$s) IS NULL)".formatted(side, name));
                        }
                    }
                }
                case STAYS -> rest.add("true AS " + name);
                case MIN, MAX -> {
                    boolean least = column.kind() == Kind.MIN;
                    rest.add("%1$s(n.old_%2$s, n.came_%2$s) AS %2$s".formatted(least ? "least" : "greatest", name));
                    String beyond = least ? "<" : ">";
                    again.add(
                            "(n.went_%1$s IS NOT NULL AND coalesce(n.went_%1$s %2$s= n.old_%1$s AND NOT coalesce(n.came_%1$s %2$s= n.old_%1$s, false), true))"
                                    .formatted(name, beyond));
                }
            }
        }
        String rowsNow = "n." + TotalColumn.ROWS.name();
        // A row that is not known to the totals cannot have gone.
        again.add("(n.old_%1$s IS NULL AND n.went_%1$s > 0)".formatted(TotalColumn.ROWS.name()));
        return "SELECT a.*, a.again OR NOT a.changed AS kept FROM (SELECT n.*"
                + rest.stream().map(one -> ", " + one).collect(Collectors.joining()) + ", "
                + (stays() ? "" : rowsNow + " <> 0 AND ") + "n.changed AND (" + String.join(" OR ", again)
                + ") AS again FROM (SELECT j.*, "
                + String.join(", ", counted) + " FROM (" + joined(rows, groups, values) + ") AS j) AS n) AS a";
    }

    /** Whether the group stays when it has no rows: then it has no minimum, although all that it had have gone. */
    private boolean stays() {
        return columns.contains(TotalColumn.STAYS);
    }

    private boolean isOfDecimals(TotalColumn column) {
        return columns.contains(column.with(Kind.SCALES));
    }

    /** Of numeric: with as many decimals as the value has that has most. */
    private String sum(TotalColumn column) {
        String sum = "coalesce(n.old_%1$s, 0) + coalesce(n.came_%1$s, 0) - coalesce(n.went_%1$s, 0)"
                .formatted(column.name());
        return "CASE WHEN n." + column.with(Kind.FILLED).name() + " > 0 THEN "
                + (isOfDecimals(column)
                        ? "round(" + sum + ", (length(n."
                                + column.with(Kind.SCALES).name() + "::text) - 1) / " + TotalColumn.DIGITS + ")"
                        : sum)
                + " END";
    }

    /** Each group with its old totals and with those of the rows that came and went. */
    private String joined(Collection<List<String>> rows, Collection<List<String>> groups, Values values) {
        String names = columns.stream()
                .map(column -> ", v.%1$s AS old_%1$s, d.came_%1$s, d.went_%1$s".formatted(column.name()))
                .collect(Collectors.joining());
        String old = "SELECT *, hash_record(ROW(" + listed(i -> "v.k" + i) + ")) AS hash FROM "
                + SqlNames.qualified(totals.names().store()) + " AS v WHERE "
                + KeyCondition.ofGroups(
                        IntStream.rangeClosed(1, keys).mapToObj(i -> "v.k" + i).toList(),
                        totals.keyTypes(),
                        groups,
                        values);
        return "SELECT " + listed(i -> "coalesce(v.k" + i + ", d.k" + i + ") AS k" + i)
                + ", d.hash IS NOT NULL AS changed" + names + " FROM (" + old + ") AS v FULL JOIN ("
                + changes(rows, values)
                + ") AS d ON d.hash = v.hash AND "
                + IntStream.rangeClosed(1, keys)
                        .mapToObj(i -> "d.k" + i + " IS NOT DISTINCT FROM v.k" + i)
                        .collect(Collectors.joining(" AND "));
    }

    private String changes(Collection<List<String>> rows, Values values) {
        RoundSql sql = new RoundSql(map.store());
        String totalsOf = columns.stream()
                .map(column -> ", %s AS came_%3$s, %s AS went_%3$s"
                        .formatted(column.over("x", "x.came"), column.over("x", "NOT x.came"), column.name()))
                .collect(Collectors.joining());
        String key = map.key().stream().map(number -> "x.c" + number).collect(Collectors.joining(", "));
        return "SELECT hash_record(ROW(" + key + ")) AS hash, "
                + IntStream.rangeClosed(1, keys)
                        .mapToObj(i -> "x.c" + map.key().get(i - 1) + " AS k" + i)
                        .collect(Collectors.joining(", "))
                + totalsOf + " FROM (" + sql.sides(rows, values) + ") AS x GROUP BY " + key;
    }

    private String listed(IntFunction<String> each) {
        return IntStream.rangeClosed(1, keys).mapToObj(each).collect(Collectors.joining(", "));
    }
}
