package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Counts how often a view's query reads a table, by its own name or by that of an ancestor, sub-selects and plain views included. */
final class TableReads {
    /** The count stops here: callers only need to know whether there is more than one read. */
    private static final int MANY = 2;

    private final CatalogIndex catalogIndex;
    private final Set<Long> selfAndAncestors;
    private final Map<Long, Integer> byView = new HashMap<>();

    private TableReads(CatalogIndex catalogIndex, Set<Long> selfAndAncestors) {
        this.catalogIndex = catalogIndex;
        this.selfAndAncestors = selfAndAncestors;
    }

    static boolean areExactlyOne(Node query, Relation view, Relation table, CatalogIndex catalogIndex) {
        return new TableReads(catalogIndex, catalogIndex.selfAndAncestorsOf(table)).count(query, view) == 1;
    }

    private int count(Node query, Relation reader) {
        int[] count = new int[1];
        query.visit(node -> {
            // PostgreSQL 15 adds the plain view itself to its range table twice, as OLD and NEW; neither is read.
            if (!node.label().equals("RANGETBLENTRY")
                    || !node.is("rtekind", "0")
                    || node.number("relid") == reader.oid()) {
                return;
            }
            if (selfAndAncestors.contains(node.number("relid"))) {
                count[0]++;
            }
            Relation read = catalogIndex.relation(node.number("relid"));
            if (read != null && read.kind() == RelationKind.VIEW) {
                count[0] += countIn(read);
            }
        });
        return Math.min(count[0], MANY);
    }

    private int countIn(Relation view) {
        Integer known = byView.get(view.oid());
        if (known != null) {
            return known;
        }
        // Ends the recursion where plain views read each other in a cycle.
        byView.put(view.oid(), MANY);
        int count = catalogIndex.query(view).map(query -> count(query, view)).orElse(MANY);
        byView.put(view.oid(), count);
        return count;
    }
}
