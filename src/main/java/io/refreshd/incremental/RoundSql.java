package io.refreshd.incremental;

import io.refreshd.incremental.KeyedSql.Values;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.SqlNames;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Writes the two statements of a round. One finds the recompute keys of changed rows; the other puts, for those keys or for all, what
 * the definition says in place of what the table holds. Pure.
 *
 * <p>Rows are compared by their binary image, with the record operators {@code *=} and {@code *<}. So NULL and types without equality
 * are handled, and 1.0 differs from 1.00.
 *
 * <p>Invariant: a row that does not differ is not touched. Of equal rows as many are kept as the definition has.
 *
 * <p>The statements name operators of {@code pg_catalog} alone, which the search path must hold, and everything else with its schema.
 */
public final class RoundSql {
    /** Types of which each value has one text. */
    private static final Set<String> ONE_TEXT =
            Set.of("smallint", "integer", "bigint", "text", "character varying", "uuid", "boolean", "date");

    private final StoreLayout layout;
    private final boolean keyHoldsNull;
    private final String store;
    private final String definition;
    private final String columns;
    private final DifferenceSql difference;

    public RoundSql(StoreLayout layout) {
        this(layout, false, List.of());
    }

    /**
     * @param keyMayHoldNull whether the recompute key may hold NULL although it is not that of a group: it is that of another view's groups
     * @param told lists of columns, by number, whose old and new values in changed rows are returned too
     */
    public RoundSql(StoreLayout layout, boolean keyMayHoldNull, List<List<Integer>> told) {
        this.layout = layout;
        this.keyHoldsNull = keyMayHoldNull || layout.isOfGroups();
        this.store = SqlNames.qualified(layout.names().store());
        this.definition = SqlNames.qualified(layout.names().definition());
        this.columns = all(i -> "c" + i);
        this.difference = new DifferenceSql(layout, keyHoldsNull, told);
    }

    /**
     * The query for the recompute keys of rows that have a key of a look-up, in the table (rows as they were) and by the definition (rows
     * as they are). Its columns are the parts of a recompute key, as text. A key that was moved is in both.
     *
     * @param limit the most keys to return
     */
    public KeyedSql keys(List<KeyLookup> lookups, int limit) {
        List<List<String>> all =
                lookups.stream().flatMap(lookup -> lookup.keys().stream()).toList();
        // format() calls the output function of the type, where a cast to text could be one that a user has made.
        return KeyedSql.over(
                all,
                values -> lookups.stream()
                        .flatMap(lookup ->
                                Stream.of(keysFrom(store, lookup, values), keysFrom(definition, lookup, values)))
                        .collect(Collectors.joining(
                                "\nUNION\n", "SELECT " + key(this::asText) + " FROM (\n", ") AS x LIMIT " + limit)));
    }

    /** NULL, which a key of groups may hold, stays NULL. */
    private String asText(int number) {
        return keyHoldsNull ? text("c" + number) : "pg_catalog.format('%s', c" + number + ")";
    }

    static String text(String column) {
        return "CASE WHEN " + column + " IS NOT NULL THEN pg_catalog.format('%s', " + column + ") END";
    }

    /**
     * The query for the keys of the groups to which rows of a map belonged and belong. Its columns are the parts of such a key, as text.
     *
     * @param keys recompute keys of the map
     * @param group numbers of the map's columns that hold the key of the group
     * @param limit the most keys to return
     */
    public KeyedSql groups(Collection<List<String>> keys, List<Integer> group, int limit) {
        return KeyedSql.over(
                keys,
                values -> "SELECT "
                        + listed(group, i -> text("c" + i))
                        + " FROM ("
                        + Stream.of(
                                        "SELECT * FROM " + store + " AS x(" + columns + ") " + withKeys(keys, values),
                                        rows(keys, values))
                                .map(side -> "SELECT " + listed(group, i -> "x.c" + i) + " FROM (" + side + ") AS x("
                                        + columns + ")")
                                .collect(Collectors.joining(" UNION "))
                        + ") AS x LIMIT " + limit);
    }

    private String keysFrom(String relation, KeyLookup lookup, Values values) {
        return "SELECT " + key(i -> "x.c" + i) + " FROM " + relation + " AS x(" + columns + ") WHERE "
                + (lookup.joins().isEmpty()
                        ? condition(lookup.positions(), lookup.types(), lookup.keys(), values)
                        : KeyCondition.of(lookup, i -> "x.c" + i, values));
    }

    /** The query for what the definition gives for these recompute keys. */
    public String rows(Collection<List<String>> keys) {
        return rows(keys, Values.CONSTANTS);
    }

    private String rows(Collection<List<String>> keys, Values values) {
        return oneByOne() && keys.size() <= keysAtOnce()
                ? "SELECT * FROM " + one(keys, values) + " AS x(" + columns + ")"
                : allRows() + " " + withKeys(keys, values);
    }

    /** The query for all that the definition gives. */
    public String allRows() {
        return "SELECT * FROM " + definition + " AS x(" + columns + ")";
    }

    /** The statement that corrects the rows with these recompute keys; see {@link #differenceOfAll}. */
    public KeyedSql difference(Collection<List<String>> keys) {
        return KeyedSql.over(keys, values -> difference(keys, values));
    }

    /** The same statement for the planner alone, which has to know the keys. */
    public String differenceToPlan(Collection<List<String>> keys) {
        return difference(keys, Values.CONSTANTS);
    }

    private String difference(Collection<List<String>> keys, Values values) {
        return oneByOne()
                ? difference.statement(any(keys, values), one(keys, values), "")
                : difference.statement(withKeys(keys, values), definition, withKeys(keys, values));
    }

    /** The statement that puts what a query gives for these keys in place of what the table holds. @param said in brackets */
    public KeyedSql difference(Collection<List<String>> keys, String said) {
        return KeyedSql.over(keys, values -> difference("", keys, said, "", values));
    }

    /** See {@link DifferenceSql#statement(String, String, String, String, String)}. */
    String difference(String before, Collection<List<String>> keys, String said, String also, Values values) {
        return difference.statement(before, withKeys(keys, values), said, withKeys(keys, values), also);
    }

    /** The query for the rows with these recompute keys by the definition, which came, and in the table, some of which went. */
    String sides(Collection<List<String>> keys, Values values) {
        return "SELECT x.*, true AS came FROM " + definition + " AS x(" + columns + ") " + withKeys(keys, values)
                + " UNION ALL SELECT x.*, false FROM " + store + " AS x(" + columns + ") " + withKeys(keys, values);
    }

    /** Most keys for one statement; a definition that computes groups for one key at a time names each of them. */
    public int keysAtOnce() {
        return oneByOne() ? 100 : Integer.MAX_VALUE;
    }

    /** Two texts of one value, as numeric and timestamptz have, would have the rows of the key twice. */
    private boolean oneByOne() {
        return layout.joinsGroups() && ONE_TEXT.containsAll(layout.keyTypes());
    }

    /**
     * The rows of the definition for these keys, one key after the other: a condition on the column to which groups are joined reaches
     * the groups only if it names one value.
     */
    private String one(Collection<List<String>> keys, Values values) {
        return keys.stream()
                .map(key -> allRows() + " WHERE " + is(key, values))
                .collect(Collectors.joining("\nUNION ALL\n", "(", ")"));
    }

    /** The condition for these keys and no others, as those rows of the table are compared with {@link #one}. */
    private String any(Collection<List<String>> keys, Values values) {
        return keys.stream().map(key -> is(key, values)).collect(Collectors.joining(" OR ", "WHERE ", ""));
    }

    private String is(List<String> key, Values values) {
        return IntStream.range(0, key.size())
                .mapToObj(part -> "x.c" + layout.names().recomputeKey().get(part) + " "
                        + KeyCondition.equalTo(layout.keyTypes().get(part), key.get(part), values))
                .collect(Collectors.joining(" AND "));
    }

    private String withKeys(Collection<List<String>> keys, Values values) {
        return "WHERE " + condition(layout.names().recomputeKey(), layout.keyTypes(), keys, values);
    }

    private String condition(List<Integer> numbers, List<String> types, Collection<List<String>> keys, Values values) {
        List<String> names = numbers.stream().map(i -> "x.c" + i).toList();
        boolean holdNull =
                keyHoldsNull || keys.stream().anyMatch(key -> key.stream().anyMatch(Objects::isNull));
        return holdNull
                ? KeyCondition.ofGroups(names, types, keys, values)
                : KeyCondition.of(names, types, keys, values);
    }

    /**
     * The statement that corrects all rows of the table. It returns one row: how many rows were deleted, inserted, and updated in
     * place; then, for each list of columns that is told, an array of their values.
     */
    public KeyedSql differenceOfAll() {
        return new KeyedSql(difference.statement("", definition, ""), List.of());
    }

    static String listed(List<Integer> numbers, IntFunction<String> each) {
        return numbers.stream().map(each::apply).collect(Collectors.joining(", "));
    }

    private IntStream numbers() {
        return IntStream.rangeClosed(1, layout.columns().size());
    }

    private String all(IntFunction<String> each) {
        return numbers().mapToObj(each).collect(Collectors.joining(", "));
    }

    private String key(IntFunction<String> each) {
        return listed(layout.names().recomputeKey(), each);
    }
}
