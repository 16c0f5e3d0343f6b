package io.refreshd.catalog;

import io.refreshd.catalog.IncrementalQuery.GroupMap;
import io.refreshd.catalog.IncrementalQuery.HiddenColumn;
import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.catalog.NodeTree.Token;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Knows of which queries with GROUP BY a group can be brought up to date from totals and from the rows that came and went, without its other
 * rows. Pure.
 *
 * <p>Invariant: what is computed from totals has the same binary image as what the query computes from all rows. So sums are of exact types
 * alone, and the values of a key, and of what min and max compare, have one image each.
 */
public final class GroupTotals {
    /** Kinds of aggregates that totals carry. */
    public enum Kind {
        COUNT,
        SUM,
        AVG,
        MIN,
        MAX
    }

    /** @param star {@code count(*)} @param filtered whether FILTER chooses its rows */
    public record Aggregate(Kind kind, boolean star, boolean filtered) {}

    /** The columns of a query that hold argument and FILTER of an aggregate, by their number behind the key; 0: it has none. */
    public record Columns(int argument, int filter) {}

    /** The oids of built-in functions never change. */
    private static final Set<Long> COUNTS = Set.of(2147L, 2803L);

    private static final Map<Kind, Set<Long>> FUNCTIONS = Map.of(
            Kind.COUNT,
            COUNTS,
            // Of int8, int4, int2 and numeric.
            Kind.SUM,
            Set.of(2107L, 2108L, 2109L, 2114L),
            Kind.AVG,
            Set.of(2100L, 2101L, 2102L, 2103L),
            // Of int8, int4, int2, oid, date, time, timestamp and timestamptz.
            Kind.MAX,
            Set.of(2115L, 2116L, 2117L, 2118L, 2122L, 2123L, 2126L, 2127L),
            Kind.MIN,
            Set.of(2131L, 2132L, 2133L, 2134L, 2138L, 2139L, 2142L, 2143L));

    /** Types of which equal values have one image: 1.0 equals 1.00, and bpchar ignores blanks. */
    private static final Set<String> NOT_OF_ONE_IMAGE = Set.of("", "pg_catalog.numeric", "pg_catalog.bpchar");

    /** Fields that name functions, operators and types. */
    private static final Set<String> OIDS = Set.of(
            "funcid",
            "opfuncid",
            "opno",
            "consttype",
            "resulttype",
            "funcresulttype",
            "opresulttype",
            "casetype",
            "coalescetype",
            "minmaxtype",
            "array_typeid",
            "element_typeid");

    private static final Set<String> SHAPES = Set.of("an aggregate", "GROUP BY", "HAVING", QueryShape.WITH);

    /** Below it are base types, and the row types of a few catalogs. */
    private static final long FIRST_ROW_TYPE = 10_000;

    private static final Set<Long> ROW_TYPES = Set.of(71L, 75L, 81L, 83L, 2249L);

    private GroupTotals() {}

    /**
     * The number, from 1, of the map of whose rows the view's own query makes groups, if there is one such map and the store holds nothing but
     * what the query yields; otherwise 0.
     */
    public static int mapOf(IncrementalQuery query) {
        List<GroupMap> maps = query.maps();
        int number = IntStream.rangeClosed(1, maps.size())
                .filter(one -> maps.get(one - 1).value().isEmpty())
                .findFirst()
                .orElse(0);
        if (number == 0
                || !query.tables().isEmpty()
                || !query.hidden().stream().allMatch(HiddenColumn::isOfGroups)
                // All others lead to rows of this one by values.
                || IntStream.rangeClosed(1, maps.size())
                        .anyMatch(one -> one != number
                                && (maps.get(one - 1).value().isEmpty()
                                        || maps.get(one - 1).of() != number))) {
            return 0;
        }
        GroupMap map = maps.get(number - 1);
        return !map.joined()
                        && map.positions().equals(query.recomputeKey())
                        && map.text().view().isEmpty()
                        && map.text().into().isEmpty()
                        && map.text().branch() < 0
                ? number
                : 0;
    }

    /**
     * Whether the groups of a query can be brought up to date from totals.
     *
     * @param tree the query as the server stores it
     * @param key numbers of the output columns that hold the key of the group
     * @param enums oids of the enums among their types
     */
    public static boolean suffice(String tree, List<Integer> key, Set<Long> enums) {
        return NodeTree.query(tree).filter(query -> suffice(query, key, enums)).isPresent();
    }

    static boolean suffice(Node query, List<Integer> key, Set<Long> enums) {
        if (!SHAPES.containsAll(QueryShape.beyondJoins(query))
                || (query.isNull("groupClause") && !GroupKey.isOfOneRow(query))
                || hasSubQuery(query.all("targetList"))
                || hasSubQuery(query.all("havingQual"))
                || mayDependOnOrder(query.items("rtable"))) {
            return false;
        }
        List<Node> targets = TotalOrder.targets(query).stream()
                .filter(target -> target.is("resjunk", "false"))
                .toList();
        List<Node> keys = targets.stream()
                .filter(target -> key.contains((int) target.number("resno")))
                .toList();
        Set<Long> groups = TotalOrder.references(query.items("groupClause"));
        return keys.size() == key.size()
                && keys.stream().allMatch(target -> isOfOneImage(target, enums))
                && groups.stream()
                        .allMatch(group -> keys.stream().anyMatch(target -> target.number("ressortgroupref") == group))
                && targets.stream().filter(target -> !keys.contains(target)).allMatch(GroupTotals::isOfTotals)
                && query.all("havingQual").stream().allMatch(GroupTotals::isOfTotals);
    }

    /** What a sub-query reads is neither in the map's rows nor in the totals. */
    private static boolean hasSubQuery(List<Part> parts) {
        Set<String> labels = new HashSet<>();
        parts.forEach(part -> part.visit(node -> labels.add(node.label())));
        return labels.contains("SUBLINK") || labels.contains("QUERY");
    }

    /** Whether the order in which rows are read may decide what stands beside a row, as LIMIT in a LATERAL sub-select does. */
    private static boolean mayDependOnOrder(List<Part> entries) {
        boolean[] found = new boolean[1];
        entries.forEach(entry -> entry.visit(node -> found[0] |= switch (node.label()) {
            case "QUERY" ->
                !node.isNull("limitCount") || !node.isNull("limitOffset") || !node.is("hasDistinctOn", "false");
            case "AGGREF" -> !OrderlessAggregates.contains(node.number("aggfnoid"));
            case "WINDOWFUNC" -> true;
            default -> false;
        }));
        return found[0];
    }

    /** Whether a query has one row for all rows that it reads, also if there are none; its totals then stay. */
    public static boolean areOfOneRow(IncrementalQuery query) {
        return query.hidden().stream()
                .anyMatch(column -> column.isOfGroups() && column.number() == HiddenColumn.ONE_ROW);
    }

    private static boolean isOfOneImage(Node target, Set<Long> enums) {
        return target.all("expr").getFirst() instanceof Node expression
                && (enums.contains(ExpressionType.of(expression))
                        || !NOT_OF_ONE_IMAGE.contains(ExpressionType.keyType(expression)));
    }

    /** Whether the expression consists of aggregates that totals carry, constants, and what is built in. */
    private static boolean isOfTotals(Part part) {
        return switch (part) {
            case Token token -> true;
            case Items items -> items.parts().stream().allMatch(GroupTotals::isOfTotals);
            case Node node when node.label().equals("AGGREF") -> aggregate(node).isPresent();
            case Node node ->
                !node.label().equals("VAR")
                        && OIDS.stream().allMatch(field -> Catalog.builtIn(Math.max(0, node.number(field))))
                        && node.fields().values().stream().flatMap(List::stream).allMatch(GroupTotals::isOfTotals);
        };
    }

    private static Optional<Aggregate> aggregate(Node node) {
        boolean plain = node.is("aggkind", "n")
                && node.is("agglevelsup", "0")
                && node.is("aggvariadic", "false")
                && Stream.of("aggdirectargs", "aggorder", "aggdistinct").allMatch(node::isNull);
        Optional<Kind> kind = FUNCTIONS.entrySet().stream()
                .filter(functions -> functions.getValue().contains(node.number("aggfnoid")))
                .map(Map.Entry::getKey)
                .findFirst();
        boolean star = node.is("aggstar", "true");
        boolean filtered = !node.isNull("aggfilter");
        List<Node> arguments = arguments(node);
        return plain
                        && (star ? arguments.isEmpty() : arguments.size() == 1)
                        && arguments.stream().allMatch(argument -> isAllowed(argument, filtered, kind))
                ? kind.map(found -> new Aggregate(found, star, filtered))
                : Optional.empty();
    }

    /** The argument is computed for each row, also where FILTER spares the query an error. */
    private static boolean isAllowed(Node argument, boolean filtered, Optional<Kind> kind) {
        long type = ExpressionType.of(argument);
        return (!filtered || argument.label().equals("VAR") || argument.label().equals("CONST"))
                && (!kind.equals(Optional.of(Kind.COUNT))
                        || (type > 0 && type < FIRST_ROW_TYPE && !ROW_TYPES.contains(type)));
    }

    private static List<Node> arguments(Node aggregate) {
        List<Node> found = new ArrayList<>();
        for (Part part : aggregate.items("args")) {
            if (part instanceof Node target && target.all("expr").getFirst() instanceof Node expression) {
                found.add(expression);
            }
        }
        return found;
    }

    /** The aggregates that are the output columns of a query, each alone in its column; empty if one of them is none that totals carry. */
    public static Optional<List<Aggregate>> of(String tree) {
        List<Node> columns = NodeTree.query(tree).map(GroupTotals::columns).orElse(List.of());
        List<Aggregate> found = columns.stream()
                .filter(column -> column.label().equals("AGGREF"))
                .flatMap(column -> aggregate(column).stream())
                .toList();
        return found.size() == columns.size() ? Optional.of(found) : Optional.empty();
    }

    private static List<Node> columns(Node query) {
        return TotalOrder.targets(query).stream()
                .filter(target -> target.is("resjunk", "false"))
                .map(target -> (Node) target.all("expr").getFirst())
                .toList();
    }

    /**
     * Proves that a query selects the rows that are grouped, with the keys of their groups and the arguments of the aggregates.
     *
     * @param bare a query that selects the rows with the keys alone, as its tree
     * @param wider the tree of that query with further columns
     * @param aggregates the tree of a query whose columns are aggregates over the same rows
     * @param places where the wider query has the arguments of each aggregate
     */
    public static boolean prove(String bare, String wider, String aggregates, List<Columns> places) {
        Node keys = NodeTree.query(bare).orElseThrow();
        Node rows = NodeTree.query(wider).orElseThrow();
        Node grouped = NodeTree.query(aggregates).orElseThrow();
        int number = columns(keys).size();
        List<Node> expected = new ArrayList<>();
        List<Node> found = new ArrayList<>();
        for (int i = 0; i < places.size(); i++) {
            Node aggregate = columns(grouped).get(i);
            Columns place = places.get(i);
            boolean counts = COUNTS.contains(aggregate.number("aggfnoid"));
            arguments(aggregate).forEach(argument -> expected.add(counts ? isNotNull(argument) : argument));
            if (!aggregate.isNull("aggfilter")) {
                expected.add((Node) aggregate.all("aggfilter").getFirst());
            }
            Stream.of(place.argument(), place.filter())
                    .filter(column -> column > 0)
                    .forEach(column -> found.add(columns(rows).get(number + column - 1)));
        }
        return shape(keys, columns(keys)).equals(shape(rows, columns(rows).subList(0, number)))
                && shape(grouped, expected).equals(shape(rows, found));
    }

    private static String shape(Node query, List<Node> columns) {
        return TreeShape.of(QueryRewrite.rowsRead(query, columns));
    }

    private static Node isNotNull(Node argument) {
        return new Node(
                "NULLTEST",
                Map.of(
                        "arg",
                        List.of(argument),
                        "nulltesttype",
                        List.of(new Token("1")),
                        "argisrow",
                        List.of(new Token("false"))));
    }
}
