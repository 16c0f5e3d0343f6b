package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The tables that a sub-query in an expression reads, also through plain views.
 *
 * <p>Invariant: the value of an accepted sub-query depends on the rows of these tables and on the columns of the outer query that it
 * refers to, and on nothing else; on the order of rows only if its value is {@link QueryPurpose#KEPT}.
 */
final class SubQueryReads {
    /** The labels of a query's nodes that are allowed beside those of {@link SafeExpressions}. Any other is refused. */
    private static final Set<String> LABELS = Set.of(
            "QUERY",
            "RANGETBLENTRY",
            "RTEPERMISSIONINFO",
            "ALIAS",
            "FROMEXPR",
            "JOINEXPR",
            "RANGETBLREF",
            "SORTGROUPCLAUSE",
            "SETOPERATIONSTMT",
            "AGGREF");

    /** Labels that are allowed besides where the order of rows may matter. */
    private static final Set<String> OF_ANY_ORDER = Set.of(
            "WINDOWFUNC", "WINDOWCLAUSE", "GROUPINGSET", "GROUPINGFUNC", "RANGETBLFUNCTION", "FUNCEXPR", "SUBLINK");

    /** Flags of a query that are false. */
    private static final List<String> FALSE = List.of("hasRecursive", "hasModifyingCTE");

    /** Likewise where the order of rows may not matter. */
    private static final List<String> FALSE_IN_ORDER = List.of("hasWindowFuncs", "hasTargetSRFs", "hasDistinctOn");

    /** Clauses that a query does not have. */
    private static final List<String> ABSENT = List.of("cteList", "rowMarks");

    /** Likewise where the order of rows may not matter. */
    private static final List<String> ABSENT_IN_ORDER =
            List.of("groupingSets", "windowClause", "limitOffset", "limitCount");

    private final CatalogIndex catalogIndex;
    private final QueryPurpose purpose;
    private final Map<Long, Integer> times = new TreeMap<>();
    private final QueryBudget budget;

    private SubQueryReads(CatalogIndex catalogIndex, QueryPurpose purpose, QueryBudget budget) {
        this.catalogIndex = catalogIndex;
        this.purpose = purpose;
        this.budget = budget;
    }

    /**
     * Returns how often the sub-query reads each table.
     *
     * @param budget of the analysis that asks
     * @throws UnsupportedQueryException if its value may depend on more than rows
     */
    static Map<Long, Integer> of(SubLink subLink, CatalogIndex catalogIndex, QueryPurpose purpose, QueryBudget budget)
            throws UnsupportedQueryException {
        SubQueryReads reads = new SubQueryReads(catalogIndex, purpose, budget);
        reads.collect(subLink.query(), 1, 0, 0);
        return reads.times;
    }

    /**
     * @param level how many queries around the part it may refer to
     * @param self oid of the plain view whose query this is; 0 if it is none
     */
    private void collect(Part part, int level, long self, int depth) throws UnsupportedQueryException {
        if (part instanceof Items items) {
            for (Part item : items.parts()) {
                collect(item, level, self, depth);
            }
        } else if (part instanceof Node node) {
            check(node, level);
            if (node.label().equals("RANGETBLENTRY")) {
                entry(node, self, depth);
            }
            int below = node.label().equals("QUERY") ? level + 1 : level;
            for (List<Part> field : node.fields().values()) {
                for (Part inside : field) {
                    collect(inside, below, self, depth);
                }
            }
        }
    }

    private void check(Node node, int level) throws UnsupportedQueryException {
        boolean anyOrder = purpose == QueryPurpose.KEPT;
        switch (node.label()) {
            case "QUERY" -> {
                if (!FALSE.stream().allMatch(flag -> node.is(flag, "false"))
                        || !ABSENT.stream().allMatch(node::isNull)) {
                    throw refused(anyOrder ? "WITH or FOR UPDATE" : "WITH, LIMIT, a window function or the like");
                }
                if (!anyOrder
                        && (!FALSE_IN_ORDER.stream().allMatch(flag -> node.is(flag, "false"))
                                || !ABSENT_IN_ORDER.stream().allMatch(node::isNull))) {
                    throw refused("WITH, LIMIT, a window function or the like");
                }
            }
            case "VAR" -> {
                // The outermost query of the expression has level 2 inside.
                if (node.number("varlevelsup") < 0 || node.number("varlevelsup") >= level) {
                    throw refused("a column of a query further out");
                }
            }
            case "SUBLINK" -> {
                if (!anyOrder && !SubLink.isOfKnownKind(node)) {
                    throw refused("another one that is neither EXISTS nor IN nor a scalar one");
                }
            }
            case "AGGREF" -> {
                if (!anyOrder && !OrderlessAggregates.contains(node.number("aggfnoid"))) {
                    throw refused("an aggregate whose result may depend on the order of rows");
                }
            }
            default -> {
                if (!LABELS.contains(node.label())
                        && !(anyOrder && OF_ANY_ORDER.contains(node.label()))
                        && !SafeExpressions.isAllowed(node, purpose)) {
                    throw refused("an expression of a kind that is not understood");
                }
            }
        }
    }

    private void entry(Node entry, long self, int depth) throws UnsupportedQueryException {
        switch ((int) entry.number("rtekind")) {
            case 0 -> relation(entry, self, depth);
            case 1, 2, 5, 8, 9 -> {
                // A sub-select, a join, VALUES, no table at all, groups: what they hold is visited.
            }
            case 3 -> {
                // So it is of the rows of a function.
                if (purpose != QueryPurpose.KEPT) {
                    throw refused("something in its FROM that is no table");
                }
            }
            default -> throw refused("something in its FROM that is no table");
        }
    }

    private void relation(Node entry, long self, int depth) throws UnsupportedQueryException {
        long oid = entry.number("relid");
        // PostgreSQL 15 adds the plain view itself to its range table twice, as OLD and NEW; neither is read.
        if (oid == self && self != 0) {
            return;
        }
        Relation relation = catalogIndex.relation(oid);
        boolean partitioned = relation != null && relation.kind() == RelationKind.PARTITIONED_TABLE;
        if (relation != null && relation.kind() == RelationKind.VIEW) {
            if (budget.isExceeded(depth + 1)) {
                throw QueryBudget.exceeded();
            }
            Node query = catalogIndex
                    .query(relation)
                    .orElseThrow(() -> refused("the view " + relation.sql() + ", whose query could not be examined"));
            collect(query, 0, oid, depth + 1);
        } else if (relation != null
                && (partitioned
                        ? entry.is("inh", "true")
                        : relation.kind() == RelationKind.TABLE
                                && catalogIndex.childrenOf(relation).isEmpty())) {
            times.merge(oid, 1, Integer::sum);
        } else {
            throw refused(relation == null ? "a system catalog" : relation.sql() + ", which is no ordinary table");
        }
    }

    private static UnsupportedQueryException refused(String what) {
        return new UnsupportedQueryException("its query holds a sub-query in an expression with " + what);
    }
}
