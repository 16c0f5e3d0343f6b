package io.refreshd.incremental;

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
    /** Pairs rows that differ in columns alone that are in no index: they have the same key and the same indexed values. */
    private static final String PAIRED = """
                  SELECT g.at, n.nth IS NOT NULL AS said, %2$s
                    FROM (SELECT at, indexed, indexed_hash, %1$s, row_number() OVER w - rank() OVER w AS nth
                            FROM differing WHERE at IS NOT NULL
                          WINDOW w AS (PARTITION BY %1$s ORDER BY indexed USING OPERATOR(pg_catalog.*<))) AS g
                    FULL JOIN
                         (SELECT %2$s, indexed, indexed_hash, %1$s, row_number() OVER w - rank() OVER w AS nth
                            FROM differing WHERE at IS NULL
                          WINDOW w AS (PARTITION BY %1$s ORDER BY indexed USING OPERATOR(pg_catalog.*<))) AS n
                      ON %3$s AND g.indexed_hash = n.indexed_hash AND g.nth = n.nth AND g.indexed OPERATOR(pg_catalog.*=) n.indexed""";

    private static final String UNPAIRED = "SELECT *, at IS NULL AS said FROM differing";

    /** Types of which each value has one text. */
    private static final Set<String> ONE_TEXT =
            Set.of("smallint", "integer", "bigint", "text", "character varying", "uuid", "boolean", "date");

    private final StoreLayout layout;
    private final boolean keyHoldsNull;
    private final List<List<Integer>> told;
    private final String store;
    private final String definition;
    private final String columns;
    private final List<Integer> indexed;

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
        this.told = List.copyOf(told);
        this.store = SqlNames.qualified(layout.names().store());
        this.definition = SqlNames.qualified(layout.names().definition());
        this.columns = all(i -> "c" + i);
        this.indexed = numbers().filter(i -> isIndexed(i)).boxed().toList();
    }

    /**
     * The query for the recompute keys of rows that have a key of a look-up, in the table (rows as they were) and by the definition (rows
     * as they are). Its columns are the parts of a recompute key, as text. A key that was moved is in both.
     *
     * @param limit the most keys to return
     */
    public String keys(List<KeyLookup> lookups, int limit) {
        String sides = lookups.stream()
                .flatMap(lookup -> Stream.of(keysFrom(store, lookup), keysFrom(definition, lookup)))
                .collect(Collectors.joining("\nUNION\n"));
        // format() calls the output function of the type, where a cast to text could be one that a user has made.
        return "SELECT " + key(this::asText) + " FROM (\n" + sides + ") AS x LIMIT " + limit;
    }

    /** NULL, which a key of groups may hold, stays NULL. */
    private String asText(int number) {
        return keyHoldsNull ? text("c" + number) : "pg_catalog.format('%s', c" + number + ")";
    }

    private static String text(String column) {
        return "CASE WHEN " + column + " IS NOT NULL THEN pg_catalog.format('%s', " + column + ") END";
    }

    /**
     * The query for the keys of the groups to which rows of a map belonged and belong. Its columns are the parts of such a key, as text.
     *
     * @param keys recompute keys of the map
     * @param group numbers of the map's columns that hold the key of the group
     * @param limit the most keys to return
     */
    public String groups(Collection<List<String>> keys, List<Integer> group, int limit) {
        return "SELECT "
                + listed(group, i -> text("c" + i))
                + " FROM ("
                + Stream.of("SELECT * FROM " + store + " AS x(" + columns + ") " + withKeys(keys), rows(keys))
                        .map(side -> "SELECT " + listed(group, i -> "x.c" + i) + " FROM (" + side + ") AS x(" + columns
                                + ")")
                        .collect(Collectors.joining(" UNION "))
                + ") AS x LIMIT " + limit;
    }

    private String keysFrom(String relation, KeyLookup lookup) {
        return "SELECT " + key(i -> "x.c" + i) + " FROM " + relation + " AS x(" + columns + ") WHERE "
                + (lookup.joins().isEmpty()
                        ? condition(lookup.positions(), lookup.types(), lookup.keys())
                        : KeyCondition.of(lookup, i -> "x.c" + i));
    }

    /** The query for what the definition gives for these recompute keys. */
    public String rows(Collection<List<String>> keys) {
        return oneByOne() && keys.size() <= keysAtOnce()
                ? "SELECT * FROM " + one(keys) + " AS x(" + columns + ")"
                : allRows() + " " + withKeys(keys);
    }

    /** The query for all that the definition gives. */
    public String allRows() {
        return "SELECT * FROM " + definition + " AS x(" + columns + ")";
    }

    /** The statement that corrects the rows with these recompute keys; see {@link #differenceOfAll}. */
    public String difference(Collection<List<String>> keys) {
        return oneByOne()
                ? difference(any(keys), one(keys), "")
                : difference(withKeys(keys), definition, withKeys(keys));
    }

    /** The statement that puts what a query gives for these keys in place of what the table holds. @param said in brackets */
    public String difference(Collection<List<String>> keys, String said) {
        return difference(withKeys(keys), said, withKeys(keys));
    }

    /** The query for the rows with these recompute keys by the definition, which came, and in the table, some of which went. */
    String sides(Collection<List<String>> keys) {
        return "SELECT x.*, true AS came FROM " + definition + " AS x(" + columns + ") " + withKeys(keys)
                + " UNION ALL SELECT x.*, false FROM " + store + " AS x(" + columns + ") " + withKeys(keys);
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
    private String one(Collection<List<String>> keys) {
        return keys.stream()
                .map(key -> allRows() + " WHERE " + is(key))
                .collect(Collectors.joining("\nUNION ALL\n", "(", ")"));
    }

    /** The condition for these keys and no others, as those rows of the table are compared with {@link #one}. */
    private String any(Collection<List<String>> keys) {
        return keys.stream().map(this::is).collect(Collectors.joining(" OR ", "WHERE ", ""));
    }

    private String is(List<String> key) {
        return IntStream.range(0, key.size())
                .mapToObj(part -> "x.c" + layout.names().recomputeKey().get(part) + " "
                        + KeyCondition.equalTo(layout.keyTypes().get(part), key.get(part)))
                .collect(Collectors.joining(" AND "));
    }

    private String withKeys(Collection<List<String>> keys) {
        return "WHERE " + condition(layout.names().recomputeKey(), layout.keyTypes(), keys);
    }

    private String condition(List<Integer> numbers, List<String> types, Collection<List<String>> keys) {
        List<String> names = numbers.stream().map(i -> "x.c" + i).toList();
        boolean holdNull =
                keyHoldsNull || keys.stream().anyMatch(key -> key.stream().anyMatch(Objects::isNull));
        return holdNull ? KeyCondition.ofGroups(names, types, keys) : KeyCondition.of(names, types, keys);
    }

    /**
     * The statement that corrects all rows of the table. It returns one row: how many rows were deleted, inserted, and updated in
     * place; then, for each list of columns that is told, an array of their values.
     *
     * <p>A row is updated in place if it differs in columns alone that are in no index of the table: then the server need write no index
     * (HOT), and no unique index can refuse one row because of another one that has not been corrected yet. All other rows are deleted
     * and inserted, and all are deleted before the first one is inserted.
     */
    public String differenceOfAll() {
        return difference("", definition, "");
    }

    /**
     * @param condition on the rows of the table
     * @param said what the definition says: its name, or a query
     * @param conditionOfSaid on the rows of that
     */
    private String difference(String condition, String said, String conditionOfSaid) {
        String image = "ROW(" + all(i -> "x.c" + i) + ")";
        String ordered = "WINDOW w AS (PARTITION BY " + key(i -> "x.c" + i) + " ORDER BY " + image
                + " USING OPERATOR(pg_catalog.*<))";
        // Of equal rows, row_number() - rank() counts from 0.
        return """
                WITH differing AS MATERIALIZED (
                  SELECT h.at, coalesce(h.indexed, s.indexed) AS indexed,
                         coalesce(h.indexed_hash, s.indexed_hash) AS indexed_hash, %1$s, %2$s%19$s
                    FROM (SELECT x.ctid AS at, %3$s, %4$s AS image, %16$s AS hash, %5$s AS indexed,
                                 %17$s AS indexed_hash, row_number() OVER w - rank() OVER w AS nth%20$s
                            FROM %6$s AS x(%7$s) %8$s %9$s) AS h
                    FULL JOIN
                         (SELECT %7$s, %4$s AS image, %16$s AS hash, %5$s AS indexed,
                                 %17$s AS indexed_hash, row_number() OVER w - rank() OVER w AS nth
                            FROM %10$s AS x(%7$s) %18$s %9$s) AS s
                      ON %11$s AND h.hash = s.hash AND h.nth = s.nth AND h.image OPERATOR(pg_catalog.*=) s.image
                   WHERE h.at IS NULL OR s.nth IS NULL
                ), corrected AS MATERIALIZED (
                %12$s
                ), deleted AS (
                  DELETE FROM %6$s AS t WHERE t.ctid = ANY (ARRAY(SELECT p.at FROM corrected AS p WHERE NOT p.said)) RETURNING 1
                ), inserted AS (
                  INSERT INTO %6$s (%13$s)
                  SELECT %7$s FROM corrected AS p WHERE p.at IS NULL AND (SELECT count(*) FROM deleted) >= 0 RETURNING 1
                )%14$s
                SELECT (SELECT count(*) FROM deleted), (SELECT count(*) FROM inserted), %15$s%21$s
                """.formatted(
                        key(i -> "coalesce(h.c" + i + ", s.c" + i + ") AS k" + i),
                        all(i -> "s.c" + i),
                        key(i -> "x.c" + i),
                        image,
                        "ROW(" + listed(indexed, i -> "x.c" + i) + ")",
                        store,
                        columns,
                        condition,
                        ordered,
                        said,
                        equalKeys("h.c", "s.c"),
                        inPlace() ? PAIRED.formatted(key(i -> "k" + i), columns, equalKeys("g.k", "n.k")) : UNPAIRED,
                        all(i -> name(i)),
                        inPlace() ? updated() : "",
                        inPlace() ? "(SELECT count(*) FROM updated)" : "0",
                        hash(numbers().boxed().toList(), i -> "x.c" + i),
                        hash(indexed, i -> "x.c" + i),
                        conditionOfSaid,
                        toldColumns(i -> ", h.o" + i),
                        toldColumns(i -> ", x.c" + i + " AS o" + i),
                        told.stream().map(this::toldRows).collect(Collectors.joining()));
    }

    private String toldColumns(IntFunction<String> each) {
        return told.stream()
                .flatMap(List::stream)
                .distinct()
                .sorted()
                .map(each::apply)
                .collect(Collectors.joining());
    }

    /** The values of some columns in the rows that went and in those that came. */
    private String toldRows(List<Integer> numbers) {
        return ", (SELECT pg_catalog.array_agg(k.key) FROM (SELECT DISTINCT ARRAY["
                + listed(
                        numbers,
                        i -> "CASE WHEN d.at IS NULL THEN " + text("d.c" + i) + " ELSE " + text("d.o" + i) + " END")
                + "] AS key FROM differing AS d LIMIT " + (WayChooser.MOST_KEYS + 1) + ") AS k)";
    }

    /** A hash of the row, so that rows with the same key need not all be compared with each other. */
    private String hash(List<Integer> numbers, IntFunction<String> each) {
        List<Integer> hashable = numbers.stream()
                .filter(i -> layout.columns().get(i - 1).isHashable())
                .toList();
        return hashable.isEmpty() ? "0" : "pg_catalog.hash_record(ROW(" + listed(hashable, each) + "))";
    }

    private String updated() {
        String values = numbers()
                .filter(i -> !indexed.contains(i))
                .mapToObj(i -> name(i) + " = p.c" + i)
                .collect(Collectors.joining(", "));
        return """
                , updated AS (
                  UPDATE %s AS t SET %s FROM corrected AS p WHERE p.at = t.ctid AND p.said RETURNING 1
                )""".formatted(store, values);
    }

    /** Whether rows may differ in columns alone that are in no index. */
    private boolean inPlace() {
        return indexed.size() < layout.columns().size();
    }

    private String equalKeys(String left, String right) {
        return layout.names().recomputeKey().stream()
                .map(i -> left + i + (keyHoldsNull ? " IS NOT DISTINCT FROM " : " = ") + right + i)
                .collect(Collectors.joining(" AND "));
    }

    private String name(int number) {
        return SqlNames.identifier(layout.columns().get(number - 1).name());
    }

    private static String listed(List<Integer> numbers, IntFunction<String> each) {
        return numbers.stream().map(each::apply).collect(Collectors.joining(", "));
    }

    private IntStream numbers() {
        return IntStream.rangeClosed(1, layout.columns().size());
    }

    private boolean isIndexed(int number) {
        return layout.columns().get(number - 1).indexed()
                || layout.names().recomputeKey().contains(number);
    }

    private String all(IntFunction<String> each) {
        return numbers().mapToObj(each).collect(Collectors.joining(", "));
    }

    private String key(IntFunction<String> each) {
        return listed(layout.names().recomputeKey(), each);
    }
}
