package io.refreshd.incremental;

import io.refreshd.incremental.KeyedSql.Values;
import io.refreshd.model.JoinStep;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.SqlNames;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes the SQL condition for rows that have one of given keys. Pure.
 *
 * <p>The keys are compared with arrays of constants or parameters. So the planner takes the index of the key, and makes inner joins of outer
 * joins whose rows with NULLs no key can match.
 */
public final class KeyCondition {
    private KeyCondition() {}

    /**
     * The condition for rows of a view that a look-up leads to. What lies behind joins is an array that is computed once, so that the
     * planner takes the index as it does for constants.
     *
     * @param column gives the SQL of a column of the view, by its number
     */
    public static String of(KeyLookup lookup, IntFunction<String> column) {
        return of(lookup, column, Values.CONSTANTS);
    }

    static String of(KeyLookup lookup, IntFunction<String> column, Values values) {
        List<String> shown = lookup.positions().stream().map(column::apply).toList();
        if (lookup.joins().isEmpty()) {
            return of(shown, lookup.types(), lookup.keys(), values);
        }
        JoinStep first = lookup.joins().getFirst();
        String rows = select(first, of(List.of(by(first)), lookup.types(), lookup.keys(), values));
        for (JoinStep step : lookup.joins().subList(1, lookup.joins().size())) {
            rows = select(step, by(step) + " = ANY (ARRAY(" + rows + "))");
        }
        return shown.size() == 1
                ? shown.getFirst() + " = ANY (ARRAY(" + rows + "))"
                : "(" + String.join(", ", shown) + ") IN (" + rows + ")";
    }

    private static String select(JoinStep step, String condition) {
        return step.columns().stream()
                        .map(column -> "j." + SqlNames.identifier(column))
                        .collect(Collectors.joining(", ", "SELECT ", " FROM "))
                + SqlNames.qualified(step.table()) + " AS j WHERE " + condition;
    }

    private static String by(JoinStep step) {
        return "j." + SqlNames.identifier(step.by());
    }

    /**
     * @param columns SQL of the columns that hold the key
     * @param types SQL of their types
     * @param keys in text form, each with one part for each column
     */
    static String of(List<String> columns, List<String> types, Collection<List<String>> keys, Values values) {
        if (columns.size() == 1) {
            return columns.getFirst() + " = ANY (" + array(types.getFirst(), keys, 0, values) + ")";
        }
        List<Integer> parts = IntStream.range(0, columns.size()).boxed().toList();
        return parts.stream()
                        .map(part -> "pg_catalog.unnest(" + array(types.get(part), keys, part, values) + ")")
                        .collect(Collectors.joining(", ", "EXISTS (SELECT FROM ROWS FROM (", ") AS k("))
                + parts.stream().map(part -> "k" + part).collect(Collectors.joining(", "))
                + ") WHERE "
                + parts.stream()
                        .map(part -> columns.get(part) + " = k.k" + part)
                        .collect(Collectors.joining(" AND "))
                + ")";
    }

    /**
     * The same for keys of groups, of which a part may be NULL. The columns are compared one by one, so that rows of other keys may pass
     * whose parts are all among those of these keys: such a condition reaches the rows that are grouped, where one that joins would not.
     */
    static String ofGroups(List<String> columns, List<String> types, Collection<List<String>> keys, Values values) {
        Map<List<Boolean>, List<List<String>>> byNulls = keys.stream()
                .collect(Collectors.groupingBy(
                        key -> key.stream().map(Objects::isNull).toList()));
        return byNulls.entrySet().stream()
                .map(alike -> IntStream.range(0, columns.size())
                        .mapToObj(part -> alike.getKey().get(part)
                                ? columns.get(part) + " IS NULL"
                                : columns.get(part) + " = ANY ("
                                        + array(types.get(part), distinct(alike.getValue(), part), 0, values) + ")")
                        .collect(Collectors.joining(" AND ", "(", ")")))
                .sorted()
                .collect(Collectors.joining(" OR ", "(", ")"));
    }

    /** The condition for one value, behind the column. */
    static String equalTo(String type, @Nullable String value, Values values) {
        return value == null ? "IS NULL" : "= " + values.of(type, value);
    }

    private static List<List<String>> distinct(Collection<List<String>> keys, int part) {
        return keys.stream().map(key -> List.of(key.get(part))).distinct().toList();
    }

    private static String array(String type, Collection<List<String>> keys, int part, Values values) {
        return values.of(
                type + "[]",
                keys.stream()
                        .map(key -> '"' + key.get(part).replace("\\", "\\\\").replace("\"", "\\\"") + '"')
                        .collect(Collectors.joining(",", "{", "}")));
    }

    /** A literal that has the same value under each {@code standard_conforming_strings}. */
    static String literal(String value) {
        String quoted = "'" + value.replace("'", "''").replace("\\", "\\\\") + "'";
        return value.contains("\\") ? " E" + quoted : quoted;
    }
}
