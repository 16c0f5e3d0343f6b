package io.refreshd.catalog;

import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which views read which relation: tables, plain views, partitions, inheritance children, and what policies read. Other materialized
 * views are left out: they hold rows of their own, and refreshd's own refresh locks them. The parts of an incremental view are its own.
 *
 * <p>Invariant: the relations of a view are those whose alteration can change what the view's definition yields. A policy counts
 * whether or not it applies at present.
 *
 * <p>Thread: immutable.
 */
public final class ReadRelations {
    /** The relations of no view. */
    public static final ReadRelations NONE = new ReadRelations(Map.of(), Map.of());

    private final Map<Long, Set<ViewId>> readers;
    private final Map<Long, String> names;

    private ReadRelations(Map<Long, Set<ViewId>> readers, Map<Long, String> names) {
        this.readers = readers;
        this.names = names;
    }

    public static ReadRelations of(Catalog catalog, Collection<MaterializedView> views) {
        CatalogIndex index = new CatalogIndex(catalog);
        Map<Long, Set<ViewId>> readers = new HashMap<>();
        Map<Long, String> names = new HashMap<>();
        for (MaterializedView view : views) {
            Set<Relation> relations = closure(view.oid(), index);
            // No round takes a lock on them that would count as an alteration.
            view.incremental()
                    .ifPresent(incremental -> incremental
                            .parts()
                            .forEach(part ->
                                    Optional.ofNullable(index.relation(part)).ifPresent(relations::add)));
            for (Relation relation : relations) {
                readers.computeIfAbsent(relation.oid(), oid -> new TreeSet<>()).add(view.id());
                names.computeIfAbsent(
                        relation.oid(), oid -> new TableId(relation.schema(), relation.name()).toString());
            }
        }
        return new ReadRelations(readers, names);
    }

    private static Set<Relation> closure(long view, CatalogIndex index) {
        Set<Relation> found = new HashSet<>();
        Set<Long> seen = new HashSet<>(Set.of(view));
        Deque<Long> next = new ArrayDeque<>(seen);
        while (!next.isEmpty()) {
            long reader = next.pop();
            Set<Long> sources = new HashSet<>();
            Rule rule = index.rule(reader);
            if (rule != null) {
                rule.reads().forEach(read -> sources.add(read.relation()));
            }
            Relation parent = index.relation(reader);
            if (parent != null) {
                index.childrenOf(parent).forEach(child -> sources.add(child.oid()));
            }
            for (long source : sources) {
                Relation relation = index.relation(source);
                if (relation != null && relation.kind() != RelationKind.MATERIALIZED_VIEW && seen.add(source)) {
                    found.add(relation);
                    next.push(source);
                }
            }
        }
        return found;
    }

    /** For each view that reads some of the relations: the name of one of them. */
    public Map<ViewId, String> readersOf(Collection<Long> relations) {
        Map<ViewId, String> found = new HashMap<>();
        for (long relation : new TreeSet<>(relations)) {
            String name = names.getOrDefault(relation, "");
            readers.getOrDefault(relation, Set.of()).forEach(view -> found.putIfAbsent(view, name));
        }
        return found;
    }
}
