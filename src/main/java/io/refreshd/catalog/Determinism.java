package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the parts of a query in which two runs over the same rows may differ. Columns are told apart from rows, since most such
 * queries number their rows and determine everything else.
 */
final class Determinism {
    /** The type of ARRAY(SELECT …). */
    private static final String ARRAY = "6";

    private static final int ROWS_FRAME = 0x4;
    private static final int WHOLE_PARTITION = 0x20 | 0x100;

    /**
     * What a query leaves open.
     *
     * @param rows why it leaves open which rows there are; null if it determines them
     * @param columns why it leaves the value of a column open, by the number of the column
     */
    record Open(@Nullable String rows, Map<Integer, String> columns) {
        Optional<String> any() {
            return Optional.ofNullable(rows).or(() -> columns.values().stream().findFirst());
        }
    }

    private static final Open NOTHING = new Open(null, Map.of());

    private static final Open NOT_EXAMINED =
            new Open("what it reads through more plain views and sub-queries than are examined", Map.of());

    private final CatalogIndex catalogIndex;
    private final OrderSensitivity functions;
    private final Node query;
    private final @Nullable Determinism outer;
    private final int depth;
    private final QueryBudget budget;
    private final RangeTable rangeTable;
    private final TotalOrder order;
    private final Map<Integer, Open> entries = new HashMap<>();

    private Determinism(
            CatalogIndex catalogIndex,
            OrderSensitivity functions,
            Node query,
            @Nullable Determinism outer,
            int depth,
            QueryBudget budget) {
        this.catalogIndex = catalogIndex;
        this.functions = functions;
        this.query = query;
        this.outer = outer;
        this.depth = depth;
        this.budget = budget;
        this.rangeTable = new RangeTable(query, catalogIndex);
        this.order = new TotalOrder(query, catalogIndex);
    }

    static Open of(Node query, CatalogIndex catalogIndex, OrderSensitivity functions) {
        return new Determinism(catalogIndex, functions, query, null, 0, new QueryBudget()).open();
    }

    private Open open() {
        TotalOrder.read(query).forEach(entry -> entries.put(entry, ofEntry(entry)));
        if (!query.isNull("setOperations")) {
            return limited(ofSetOperation());
        }
        String rows = entries.values().stream()
                .map(Open::rows)
                .filter(reason -> reason != null)
                .findFirst()
                .or(() -> reason(query.all("jointree")))
                .or(() -> reason(query.all("havingQual")))
                .orElse(null);
        Set<Long> grouping = TotalOrder.references(query.items("groupClause"));
        boolean distinctOn = query.is("hasDistinctOn", "true");
        Set<Long> distinct = TotalOrder.references(query.items("distinctClause"));
        String choice = distinctOn && !isOrdered() ? "DISTINCT ON without an ORDER BY that tells all rows apart" : null;
        Map<Integer, String> columns = new TreeMap<>();
        for (Node target : TotalOrder.targets(query)) {
            long reference = target.number("ressortgroupref");
            String reason = reason(target.all("expr")).orElse(distinct.contains(reference) ? null : choice);
            if (reason == null) {
                continue;
            }
            if (grouping.contains(reference) || distinct.contains(reference)) {
                rows = reason;
            }
            if (target.is("resjunk", "false")) {
                columns.put((int) target.number("resno"), reason);
            }
        }
        return limited(new Open(rows, columns));
    }

    private Open limited(Open found) {
        boolean ties = query.is("limitOption", "1") && query.isNull("limitOffset");
        return (query.isNull("limitCount") && query.isNull("limitOffset")) || ties || isOrdered()
                ? found
                : new Open("LIMIT or OFFSET without an ORDER BY that tells all rows apart", found.columns());
    }

    private boolean isOrdered() {
        Set<Long> references = TotalOrder.references(query.items("sortClause"));
        return order.of(references) || order.isWholeRow(references);
    }

    /** UNION ALL keeps columns apart; the other operations compare rows by them. */
    private Open ofSetOperation() {
        boolean[] compares = new boolean[1];
        query.all("setOperations")
                .forEach(part -> part.visit(
                        node -> compares[0] |= node.label().equals("SETOPERATIONSTMT") && !node.is("all", "true")));
        String rows = null;
        Map<Integer, String> columns = new TreeMap<>();
        for (Open entry : entries.values()) {
            rows = entry.rows() != null ? entry.rows() : rows;
            columns.putAll(entry.columns());
        }
        return compares[0] && rows == null && !columns.isEmpty()
                ? new Open(columns.values().iterator().next(), columns)
                : new Open(rows, columns);
    }

    private Open ofEntry(int index) {
        Optional<Node> inner = rangeTable.subquery(index);
        if (inner.isPresent()) {
            // A plain view is a query of its own, to which nothing outside is known.
            boolean view = rangeTable.relation(index) != null;
            return nested(inner.get(), view ? null : this);
        }
        Node entry = rangeTable.entry(index).orElse(null);
        if (entry == null) {
            return NOTHING;
        }
        if (entry.is("rtekind", "6")) {
            return ofCommonTable(entry);
        }
        // Arguments of functions and rows of VALUES; what a join or a group calls a column is looked up where it is
        // used.
        return entry.is("rtekind", "3") || entry.is("rtekind", "4") || entry.is("rtekind", "5")
                ? new Open(reason(List.of(entry)).orElse(null), Map.of())
                : NOTHING;
    }

    private Open ofCommonTable(Node entry) {
        Determinism level = this;
        for (long up = entry.number("ctelevelsup"); up > 0 && level != null; up--) {
            level = level.outer;
        }
        for (Part part : level == null ? List.<Part>of() : level.query.items("cteList")) {
            if (part instanceof Node table
                    && table.all("ctename").equals(entry.all("ctename"))
                    && table.all("ctequery").size() == 1
                    && table.all("ctequery").getFirst() instanceof Node inner
                    && !entry.is("self_reference", "true")) {
                return nested(inner, level);
            }
        }
        return NOTHING;
    }

    private Open nested(Node inner, @Nullable Determinism around) {
        return budget.isExceeded(depth + 1)
                ? NOT_EXAMINED
                : new Determinism(catalogIndex, functions, inner, around, depth + 1, budget).open();
    }

    private Optional<String> reason(List<Part> expressions) {
        for (Part part : expressions) {
            Optional<String> reason = reason(part, 0);
            if (reason.isPresent()) {
                return reason;
            }
        }
        return Optional.empty();
    }

    /** @param level how many queries lie between the expression and this one */
    private Optional<String> reason(Part part, int level) {
        if (part instanceof Items items) {
            return items.parts().stream()
                    .flatMap(one -> reason(one, level).stream())
                    .findFirst();
        }
        if (!(part instanceof Node node)) {
            return Optional.empty();
        }
        Optional<String> own = switch (node.label()) {
            case "VAR" -> node.number("varlevelsup") == level ? ofVariable(node) : Optional.empty();
            case "WINDOWFUNC" -> level == 0 ? ofWindow(node) : Optional.empty();
            case "AGGREF" -> level == 0 ? ofAggregate(node) : Optional.empty();
            case "SUBLINK" -> level == 0 && node.is("subLinkType", ARRAY) ? ofArray(node) : Optional.empty();
            case "QUERY" -> level == 0 ? nested(node, this).any() : Optional.empty();
            default -> Optional.empty();
        };
        int below = node.label().equals("QUERY") ? level + 1 : level;
        return own.or(() -> node.fields().values().stream()
                .flatMap(List::stream)
                .flatMap(one -> reason(one, below).stream())
                .findFirst());
    }

    private Optional<String> ofVariable(Node variable) {
        int index = (int) variable.number("varno");
        int column = (int) variable.number("varattno");
        Map<Integer, String> open = entries.getOrDefault(index, NOTHING).columns();
        if (column <= 0) {
            return open.values().stream().findFirst();
        }
        String reason = open.get(column);
        if (reason != null) {
            return Optional.of(reason);
        }
        Node entry = rangeTable.entry(index).orElse(null);
        String list = entry == null
                ? ""
                : entry.is("rtekind", "2") ? "joinaliasvars" : entry.is("rtekind", "9") ? "groupexprs" : "";
        List<Part> named = entry == null || list.isEmpty() ? List.of() : entry.items(list);
        return column <= named.size() ? reason(named.get(column - 1), 0) : Optional.empty();
    }

    private Optional<String> ofWindow(Node call) {
        long function = call.number("winfnoid");
        for (Part part : query.items("windowClause")) {
            if (part instanceof Node window && window.number("winref") == call.number("winref")) {
                Set<Long> references = new HashSet<>(TotalOrder.references(window.items("orderClause")));
                references.addAll(TotalOrder.references(window.items("partitionClause")));
                Optional<String> key = TotalOrder.targets(query).stream()
                        .filter(target -> references.contains(target.number("ressortgroupref")))
                        .flatMap(target -> reason(target.all("expr")).stream())
                        .findFirst();
                long frame = window.number("frameOptions");
                boolean byRows = (frame & ROWS_FRAME) != 0 && (frame & WHOLE_PARTITION) != WHOLE_PARTITION;
                return order.of(references) || !(functions.isSensitive(function) || byRows)
                        ? key
                        : Optional.of(functions.name(function) + " OVER a window whose ORDER BY leaves ties");
            }
        }
        return Optional.empty();
    }

    private Optional<String> ofAggregate(Node call) {
        long function = call.number("aggfnoid");
        return functions.isSensitive(function) && call.isNull("aggorder") && call.isNull("aggdistinct")
                ? Optional.of(functions.name(function) + " without ORDER BY")
                : Optional.empty();
    }

    /** An array has its elements in the order of the rows. One row has no order, nor has a function's result, which has its own. */
    private Optional<String> ofArray(Node subLink) {
        return subLink.all("subselect").stream()
                .flatMap(part -> part instanceof Node inner ? Stream.of(inner) : Stream.empty())
                .filter(inner -> !budget.isExceeded(depth + 1))
                .map(inner -> new Determinism(catalogIndex, functions, inner, this, depth + 1, budget))
                .filter(inner -> inner.readsRows() && !inner.isOrdered())
                .findFirst()
                .map(inner -> "ARRAY(SELECT ...) without an ORDER BY that tells all rows apart");
    }

    private boolean readsRows() {
        boolean oneRow = query.is("hasAggs", "true") && query.isNull("groupClause") && query.isNull("groupingSets");
        return !oneRow
                && TotalOrder.read(query).stream()
                        .anyMatch(index -> rangeTable.relation(index) != null
                                || rangeTable.subquery(index).isPresent()
                                || rangeTable
                                        .entry(index)
                                        .filter(entry -> entry.is("rtekind", "6"))
                                        .isPresent());
    }
}
