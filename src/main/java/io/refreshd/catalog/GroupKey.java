package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.catalog.NodeTree.Token;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The output columns of one query, no set operation, that tell which of the rows it reads a row of it depends on: those that it groups by,
 * by which every window is partitioned, and that DISTINCT compares.
 */
final class GroupKey {
    /** Labels that are allowed in columns and HAVING beside those of {@link SafeExpressions}. */
    private static final Set<String> LABELS =
            Set.of("AGGREF", "WINDOWFUNC", "SORTGROUPCLAUSE", "WINDOWCLAUSE", "TARGETENTRY");

    static final String ONE_ROW = "an aggregate over all rows, without GROUP BY";

    private final Node query;
    private final Relation reader;

    private GroupKey(Node query, Relation reader) {
        this.query = query;
        this.reader = reader;
    }

    /**
     * The columns by their numbers, each with the expression over the rows that are read. Of a query that only joins they are all.
     *
     * @param reader the view, for messages
     * @param own whether the query is the view's own, which may make one group of all rows: its key is the constant in its first column
     * @throws UnsupportedQueryException if there can be no such column
     */
    static SortedMap<Integer, Node> of(Node query, Relation reader, boolean own) throws UnsupportedQueryException {
        GroupKey key = new GroupKey(query, reader);
        key.check(own);
        return key.columns();
    }

    /** Whether a query has one row for all rows that it reads, also if it reads none: aggregates without GROUP BY. */
    static boolean isOfOneRow(Node query) {
        return query.is("hasAggs", "true")
                && List.of("groupClause", "groupingSets", "distinctClause", "windowClause", "setOperations").stream()
                        .allMatch(query::isNull);
    }

    private void check(boolean own) throws UnsupportedQueryException {
        List<String> found = new ArrayList<>();
        List<String> beyond = new ArrayList<>(QueryShape.beyondJoins(query));
        for (String words : List.of(
                QueryShape.RECURSIVE,
                QueryShape.MODIFYING_WITH,
                QueryShape.GROUPING_SETS,
                QueryShape.OFFSET,
                QueryShape.LIMIT,
                QueryShape.ROW_LOCKS)) {
            if (beyond.contains(words)) {
                found.add(words);
            }
        }
        if (beyond.contains(QueryShape.SET_RETURNING) && !returnsSetsAsGroups()) {
            found.add(QueryShape.SET_RETURNING);
        }
        if (beyond.contains(QueryShape.WITH)
                && !beyond.contains(QueryShape.RECURSIVE)
                && !WithClauses.areReadOnce(query)) {
            found.add("WITH that is read more than once");
        }
        if (query.isNull("groupClause")
                && (!query.is("hasAggs", "false") || !query.isNull("havingQual"))
                && !(own && isOfOneRow(query) && !columns().isEmpty())) {
            found.add(ONE_ROW);
        }
        for (Part part : query.items("windowClause")) {
            if (part instanceof Node window && window.isNull("partitionClause")) {
                found.add("a window over all rows, without PARTITION BY");
            }
        }
        if (!found.isEmpty()) {
            throw new UnsupportedQueryException(reader.sql() + " has "
                    + QueryShape.list(found.stream().distinct().toList())
                    + ": no key tells which of its rows a change alters");
        }
        for (String field : List.of("targetList", "havingQual", "windowClause")) {
            for (Part part : query.all(field)) {
                checkExpression(part);
            }
        }
    }

    /**
     * Whether one column alone returns several rows for one row, and is grouped by or compared: then the rows that are grouped are those
     * that this column makes. Of several columns the shorter ones would be filled up with NULLs.
     */
    private boolean returnsSetsAsGroups() {
        List<Node> sets = TotalOrder.targets(query).stream()
                .filter(target -> expression(query, target)
                        .filter(QueryRewrite::returnsSet)
                        .isPresent())
                .toList();
        Set<Long> clause = new HashSet<>(TotalOrder.references(query.items("groupClause")));
        if (clause.isEmpty()) {
            clause.addAll(TotalOrder.references(query.items("distinctClause")));
        }
        boolean plain = query.isNull("groupClause")
                && query.isNull("distinctClause")
                && query.isNull("windowClause")
                && query.is("hasAggs", "false");
        return sets.size() == 1
                && query.isNull("windowClause")
                && query.is("hasDistinctOn", "false")
                && (plain || clause.contains(sets.getFirst().number("ressortgroupref")));
    }

    private void checkExpression(Part part) throws UnsupportedQueryException {
        if (part instanceof Items items) {
            for (Part item : items.parts()) {
                checkExpression(item);
            }
        } else if (part instanceof Node node) {
            if (node.label().equals("SUBLINK")) {
                // What it reads is left to GroupSubQueries.
                for (Part comparison : node.all("testexpr")) {
                    checkExpression(comparison);
                }
                return;
            }
            boolean set = node.label().equals("FUNCEXPR") && node.is("funcretset", "true");
            boolean outer = node.label().equals("VAR") && !node.is("varlevelsup", "0");
            boolean system = node.label().equals("VAR") && node.number("varattno") < 0;
            if (outer
                    || system
                    || (!set
                            && !LABELS.contains(node.label())
                            && !SafeExpressions.isAllowed(node, QueryPurpose.KEPT))) {
                throw new UnsupportedQueryException(reader.sql()
                        + " has an expression beside GROUP BY, DISTINCT, a window or a set operation that may depend on"
                        + " more than the rows of its group");
            }
            for (List<Part> field : node.fields().values()) {
                for (Part inside : field) {
                    checkExpression(inside);
                }
            }
        }
    }

    private SortedMap<Integer, Node> columns() {
        if (isOfOneRow(query)) {
            Node first = TotalOrder.targets(query).getFirst();
            return new TreeMap<>(expression(query, first)
                    .filter(OneRowKey::isKey)
                    .map(key -> Map.of(1, key))
                    .orElse(Map.of()));
        }
        List<Set<Long>> clauses = clauses(query);
        SortedMap<Integer, Node> found = new TreeMap<>();
        Set<Integer> numbers = new HashSet<>();
        for (Node target : TotalOrder.targets(query)) {
            int number = (int) target.number("resno");
            if (target.is("resjunk", "false") && numbers.add(number) && isIn(clauses, target)) {
                expression(query, target).ifPresent(expression -> found.put(number, expression));
            }
        }
        return found;
    }

    /**
     * The entries of the target list that belong to the key and that the query does not show, with a type by which they can be looked up. To
     * show them too alters nothing else.
     */
    static List<Node> notShown(Node query, CatalogIndex catalogIndex) {
        List<Set<Long>> clauses = clauses(query);
        RangeTable rangeTable = new RangeTable(query, catalogIndex);
        return clauses.isEmpty() || !query.isNull("setOperations") || !query.isNull("groupingSets")
                ? List.of()
                : TotalOrder.targets(query).stream()
                        .filter(target -> target.is("resjunk", "true") && isIn(clauses, target))
                        .filter(target -> expression(query, target)
                                .filter(expression -> !QueryRewrite.returnsSet(expression)
                                        && !ExpressionType.keyType(expression, rangeTable)
                                                .isEmpty())
                                .isPresent())
                        .toList();
    }

    /** The references of GROUP BY, of DISTINCT, and of each window's PARTITION BY. */
    private static List<Set<Long>> clauses(Node query) {
        List<Set<Long>> clauses = new ArrayList<>();
        for (String clause : List.of("groupClause", "distinctClause")) {
            if (!query.isNull(clause)) {
                clauses.add(TotalOrder.references(query.items(clause)));
            }
        }
        for (Part part : query.items("windowClause")) {
            if (part instanceof Node window) {
                clauses.add(TotalOrder.references(window.items("partitionClause")));
            }
        }
        return clauses;
    }

    private static boolean isIn(List<Set<Long>> clauses, Node target) {
        long reference = target.number("ressortgroupref");
        return clauses.stream().allMatch(clause -> reference > 0 && clause.contains(reference));
    }

    /** What a target is, over the rows that the query reads. */
    static Optional<Node> expression(Node query, Node target) {
        return target.all("expr").size() == 1 && target.all("expr").getFirst() instanceof Node expression
                ? Optional.of((Node) ungrouped(query, expression))
                : Optional.empty();
    }

    /** From PostgreSQL 18 on, expressions above GROUP BY refer to an entry of the range table that holds the group's. */
    private static Part ungrouped(Node query, Part part) {
        return switch (part) {
            case Token token -> token;
            case Items items ->
                new Items(items.parts().stream()
                        .map(item -> ungrouped(query, item))
                        .toList());
            case Node node -> {
                Optional<Node> grouped = node.label().equals("VAR") && node.is("varlevelsup", "0")
                        ? grouped(query, node)
                        : Optional.empty();
                if (grouped.isPresent()) {
                    yield grouped.get();
                }
                Map<String, List<Part>> fields = new HashMap<>();
                node.fields()
                        .forEach((name, field) -> fields.put(
                                name,
                                field.stream()
                                        .map(inside -> ungrouped(query, inside))
                                        .toList()));
                yield new Node(node.label(), fields);
            }
        };
    }

    /** The expression by which a query groups to which a column refers; empty if it refers to the rows themselves. */
    static Optional<Node> grouped(Node query, Node variable) {
        List<Part> entries = query.items("rtable");
        int entry = (int) variable.number("varno");
        List<Part> groups = entry >= 1
                        && entry <= entries.size()
                        && entries.get(entry - 1) instanceof Node group
                        && group.is("rtekind", "9")
                ? group.items("groupexprs")
                : List.of();
        int number = (int) variable.number("varattno");
        return number >= 1 && number <= groups.size() && groups.get(number - 1) instanceof Node expression
                ? Optional.of(expression)
                : Optional.empty();
    }
}
