package io.refreshd.incremental;

import io.refreshd.model.SqlNames;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Writes the statement that puts what a definition says in place of what the table of an incremental view holds. Pure.
 *
 * <p>A row is updated in place if it differs in columns alone that are in no index of the table: then the server need write no index
 * (HOT), and no unique index can refuse one row because of another one that has not been corrected yet. All other rows are deleted
 * and inserted, and all are deleted before the first one is inserted.
 */
final class DifferenceSql {
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

    /**
     * Pairs rows where the table has one at most for each key. A second row of the definition has no pair, so that the unique index refuses
     * it. Sorting images, which takes as long as everything else together, is left out.
     */
    private static final String OF_UNIQUE_KEYS = """
                  SELECT h.at, s.nth IS NOT NULL AS said, %1$s
                    FROM (SELECT x.ctid AS at, %2$s, %3$s AS image, %4$s AS indexed, 1::int8 AS nth FROM %5$s AS x(%6$s) %7$s) AS h
                    FULL JOIN
                         (SELECT %6$s, %3$s AS image, %4$s AS indexed, row_number() OVER (PARTITION BY %2$s) AS nth
                            FROM %8$s AS x(%6$s) %9$s) AS s
                      ON %10$s AND h.nth = s.nth AND h.indexed OPERATOR(pg_catalog.*=) s.indexed
                   WHERE h.at IS NULL OR s.nth IS NULL OR h.image OPERATOR(pg_catalog.*<>) s.image""";

    private static final String UNPAIRED = "SELECT *, at IS NULL AS said FROM differing";

    private final StoreLayout layout;
    private final boolean keyHoldsNull;
    private final List<List<Integer>> told;
    private final String store;
    private final String columns;
    private final List<Integer> indexed;

    /**
     * @param keyHoldsNull whether the recompute key may hold NULL
     * @param told lists of columns, by number, whose old and new values in changed rows are returned too
     */
    DifferenceSql(StoreLayout layout, boolean keyHoldsNull, List<List<Integer>> told) {
        this.layout = layout;
        this.keyHoldsNull = keyHoldsNull;
        this.told = List.copyOf(told);
        this.store = SqlNames.qualified(layout.names().store());
        this.columns = all(i -> "c" + i);
        this.indexed = numbers().filter(this::isIndexed).boxed().toList();
    }

    /**
     * @param condition on the rows of the table
     * @param said what the definition says: its name, or a query
     * @param conditionOfSaid on the rows of that
     */
    String statement(String condition, String said, String conditionOfSaid) {
        return statement("", condition, said, conditionOfSaid, "");
    }

    /**
     * @param before a query that comes before, with its name and a comma; or empty
     * @param also a further column of the result, behind all others, with a comma before it; or empty
     */
    String statement(String before, String condition, String said, String conditionOfSaid, String also) {
        boolean unique = hasUniqueKeys();
        return """
                WITH %1$s%2$scorrected AS MATERIALIZED (
                %3$s
                ), deleted AS (
                  DELETE FROM %4$s AS t WHERE t.ctid = ANY (ARRAY(SELECT p.at FROM corrected AS p WHERE NOT p.said)) RETURNING 1
                ), inserted AS (
                  INSERT INTO %4$s (%5$s)
                  SELECT %6$s FROM corrected AS p WHERE p.at IS NULL AND (SELECT count(*) FROM deleted) >= 0 RETURNING 1
                )%7$s
                SELECT (SELECT count(*) FROM deleted), (SELECT count(*) FROM inserted), %8$s%9$s%10$s
                """.formatted(
                        before,
                        unique ? "" : differing(condition, said, conditionOfSaid),
                        unique ? ofUniqueKeys(condition, said, conditionOfSaid) : paired(),
                        store,
                        all(i -> name(i)),
                        columns,
                        inPlace() ? updated() : "",
                        inPlace() ? "(SELECT count(*) FROM updated)" : "0",
                        told.stream().map(this::toldRows).collect(Collectors.joining()),
                        also);
    }

    /** A full join needs a condition by which rows can be hashed. */
    private boolean hasUniqueKeys() {
        return layout.keyIsUnique()
                && !keyHoldsNull
                && told.isEmpty()
                && layout.names().recomputeKey().stream()
                        .anyMatch(i -> layout.columns().get(i - 1).isHashable());
    }

    private String ofUniqueKeys(String condition, String said, String conditionOfSaid) {
        return OF_UNIQUE_KEYS.formatted(
                all(i -> "s.c" + i),
                key(i -> "x.c" + i),
                image(),
                indexed(),
                store,
                columns,
                condition,
                said,
                conditionOfSaid,
                equalKeys("h.c", "s.c"));
    }

    /** The query for the rows that one side has and the other has not, with its name and a comma. */
    private String differing(String condition, String said, String conditionOfSaid) {
        String ordered = "WINDOW w AS (PARTITION BY " + key(i -> "x.c" + i) + " ORDER BY " + image()
                + " USING OPERATOR(pg_catalog.*<))";
        // Of equal rows, row_number() - rank() counts from 0.
        return """
                differing AS MATERIALIZED (
                  SELECT h.at, coalesce(h.indexed, s.indexed) AS indexed,
                         coalesce(h.indexed_hash, s.indexed_hash) AS indexed_hash, %1$s, %2$s%14$s
                    FROM (SELECT x.ctid AS at, %3$s, %4$s AS image, %11$s AS hash, %5$s AS indexed,
                                 %12$s AS indexed_hash, row_number() OVER w - rank() OVER w AS nth%15$s
                            FROM %6$s AS x(%7$s) %8$s %9$s) AS h
                    FULL JOIN
                         (SELECT %7$s, %4$s AS image, %11$s AS hash, %5$s AS indexed,
                                 %12$s AS indexed_hash, row_number() OVER w - rank() OVER w AS nth
                            FROM %10$s AS x(%7$s) %13$s %9$s) AS s
                      ON %16$s AND h.hash = s.hash AND h.nth = s.nth AND h.image OPERATOR(pg_catalog.*=) s.image
                   WHERE h.at IS NULL OR s.nth IS NULL
                ), """.formatted(
                        key(i -> "coalesce(h.c" + i + ", s.c" + i + ") AS k" + i),
                        all(i -> "s.c" + i),
                        key(i -> "x.c" + i),
                        image(),
                        indexed(),
                        store,
                        columns,
                        condition,
                        ordered,
                        said,
                        hash(numbers().boxed().toList(), i -> "x.c" + i),
                        hash(indexed, i -> "x.c" + i),
                        conditionOfSaid,
                        toldColumns(i -> ", h.o" + i),
                        toldColumns(i -> ", x.c" + i + " AS o" + i),
                        equalKeys("h.c", "s.c"));
    }

    private String paired() {
        return inPlace() ? PAIRED.formatted(key(i -> "k" + i), columns, equalKeys("g.k", "n.k")) : UNPAIRED;
    }

    private String image() {
        return "ROW(" + all(i -> "x.c" + i) + ")";
    }

    private String indexed() {
        return "ROW(" + RoundSql.listed(indexed, i -> "x.c" + i) + ")";
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
                + RoundSql.listed(
                        numbers,
                        i -> "CASE WHEN d.at IS NULL THEN " + RoundSql.text("d.c" + i) + " ELSE "
                                + RoundSql.text("d.o" + i) + " END")
                + "] AS key FROM differing AS d LIMIT " + (WayChooser.MOST_KEYS + 1) + ") AS k)";
    }

    /** A hash of the row, so that rows with the same key need not all be compared with each other. */
    private String hash(List<Integer> numbers, IntFunction<String> each) {
        List<Integer> hashable = numbers.stream()
                .filter(i -> layout.columns().get(i - 1).isHashable())
                .toList();
        return hashable.isEmpty() ? "0" : "pg_catalog.hash_record(ROW(" + RoundSql.listed(hashable, each) + "))";
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
        return RoundSql.listed(layout.names().recomputeKey(), each);
    }
}
