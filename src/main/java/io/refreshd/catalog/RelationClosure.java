package io.refreshd.catalog;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * All relations that a view reads: tables, plain views, partitions, inheritance children, what policies read, and the parts of an
 * incremental view, itself among them. Other materialized views count, and what these read does not: they hold rows of their own.
 */
final class RelationClosure {
    private RelationClosure() {}

    static Set<Relation> of(MaterializedView view, CatalogIndex index) {
        Set<Relation> found = new HashSet<>();
        Deque<Long> next = new ArrayDeque<>();
        Set<Long> seen = new HashSet<>();
        next.push(view.oid());
        view.incremental()
                .ifPresent(incremental -> incremental.parts().forEach(part -> add(part, index, seen, found, next)));
        while (!next.isEmpty()) {
            long reader = next.pop();
            Rule rule = index.rule(reader);
            if (rule != null) {
                rule.reads().forEach(read -> add(read.relation(), index, seen, found, next));
            }
            Relation parent = index.relation(reader);
            if (parent != null) {
                index.childrenOf(parent).forEach(child -> add(child.oid(), index, seen, found, next));
            }
        }
        return found;
    }

    private static void add(long oid, CatalogIndex index, Set<Long> seen, Set<Relation> found, Deque<Long> next) {
        Relation relation = index.relation(oid);
        if (relation != null && seen.add(oid)) {
            found.add(relation);
            if (relation.kind() != RelationKind.MATERIALIZED_VIEW) {
                next.push(oid);
            }
        }
    }
}
