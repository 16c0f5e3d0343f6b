package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which output columns of a query are the same, to the last bit, in whatever order the server reads the rows.
 *
 * <p>Failure: a column may be left out although it is the same.
 */
final class OrderlessQuery {
    /** Plain views are followed no deeper than this. */
    private static final int MAX_DEPTH = 20;

    /** Oids of rank, dense_rank, percent_rank and cume_dist: the same for all rows that the order does not tell apart. */
    private static final Set<Long> BY_PEERS = Set.of(3101L, 3102L, 3103L, 3104L);

    /** The server's flag of a window frame that counts rows. */
    private static final long FRAME_OF_ROWS = 0x4;

    private final CatalogIndex catalogIndex;
    /** By plain view: whether its query is orderless. */
    private final Map<Long, Boolean> known = new HashMap<>();

    OrderlessQuery(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
    }

    /** The numbers of the columns; none if the order may decide which rows there are. */
    Set<Integer> columns(Node query) {
        Set<Integer> found = new HashSet<>();
        for (String field : List.of("jointree", "rtable", "havingQual", "setOperations", "windowClause", "cteList")) {
            if (!isOrderless(query.all(field), 0)) {
                return found;
            }
        }
        if (!query.isNull("limitCount") || !query.isNull("limitOffset")) {
            return found;
        }
        Set<Long> chosenBy = TotalOrder.references(query.items("distinctClause"));
        for (Node target : TotalOrder.targets(query)) {
            boolean chosen = query.is("hasDistinctOn", "true") && !chosenBy.contains(target.number("ressortgroupref"));
            if (!chosen && isOrderless(target.all("expr"), 0)) {
                found.add((int) target.number("resno"));
            }
        }
        return found;
    }

    private boolean isOrderless(List<Part> parts, int depth) {
        return parts.stream().allMatch(part -> isOrderless(part, depth));
    }

    private boolean isOrderless(Part part, int depth) {
        if (part instanceof Items items) {
            return isOrderless(items.parts(), depth);
        }
        return !(part instanceof Node node)
                || (isOrderlessItself(node, depth)
                        && node.fields().values().stream().allMatch(field -> isOrderless(field, depth)));
    }

    private boolean isOrderlessItself(Node node, int depth) {
        return switch (node.label()) {
            case "QUERY" ->
                node.is("hasDistinctOn", "false") && node.isNull("limitCount") && node.isNull("limitOffset");
            case "AGGREF" -> OrderlessAggregates.contains(node.number("aggfnoid"));
            case "WINDOWFUNC" ->
                BY_PEERS.contains(node.number("winfnoid")) || OrderlessAggregates.contains(node.number("winfnoid"));
            case "WINDOWCLAUSE" ->
                node.number("frameOptions") >= 0 && (node.number("frameOptions") & FRAME_OF_ROWS) == 0;
            case "SUBLINK" -> SubLink.isOfKnownKind(node);
            case "RANGETBLENTRY" -> !node.is("rtekind", "0") || isOrderlessRelation(node.number("relid"), depth);
            default -> true;
        };
    }

    private boolean isOrderlessRelation(long oid, int depth) {
        Relation relation = catalogIndex.relation(oid);
        if (relation == null || relation.kind() != RelationKind.VIEW) {
            return true;
        }
        Boolean before = known.get(oid);
        if (before != null) {
            return before;
        }
        // Views may read each other in a cycle.
        known.put(oid, false);
        boolean orderless = depth < MAX_DEPTH
                && catalogIndex
                        .query(relation)
                        .filter(query -> isOrderless(query, depth + 1))
                        .isPresent();
        known.put(oid, orderless);
        return orderless;
    }
}
