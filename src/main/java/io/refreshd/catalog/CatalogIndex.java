package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the objects of one {@link Catalog} by oid.
 *
 * <p>Thread: one only, since parsed queries and ancestors are cached without locks.
 */
final class CatalogIndex {
    private final Map<Long, Relation> relations = new HashMap<>();
    private final Map<Long, Rule> rules = new HashMap<>();
    private final Map<Long, List<Relation>> children = new HashMap<>();
    private final Map<Long, List<Catalog.Inheritance>> inheritances = new HashMap<>();
    private final Map<Long, List<Long>> parents = new HashMap<>();
    private final Map<Long, Set<Long>> ancestors = new HashMap<>();
    private final Map<Long, List<Index>> indexes = new HashMap<>();
    private final Map<Long, Function> functions = new HashMap<>();
    private final ParsedQueries queries = new ParsedQueries();

    private final Map<Long, Obstacle> untrusted;
    private final Map<Long, IncrementalView> incremental;
    private final String role;

    CatalogIndex(Catalog catalog) {
        role = catalog.role();
        untrusted = catalog.untrusted();
        incremental = catalog.incremental();
        catalog.relations().forEach(relation -> relations.put(relation.oid(), relation));
        catalog.rules().forEach(rule -> rules.put(rule.relation(), rule));
        catalog.functions().forEach(function -> functions.put(function.oid(), function));
        for (Index index : catalog.indexes()) {
            indexes.computeIfAbsent(index.relation(), oid -> new ArrayList<>()).add(index);
        }
        for (Catalog.Inheritance inheritance : catalog.inheritances()) {
            parents.computeIfAbsent(inheritance.child(), oid -> new ArrayList<>())
                    .add(inheritance.parent());
            Relation child = relations.get(inheritance.child());
            if (child != null) {
                children.computeIfAbsent(inheritance.parent(), oid -> new ArrayList<>())
                        .add(child);
                inheritances
                        .computeIfAbsent(inheritance.parent(), oid -> new ArrayList<>())
                        .add(inheritance);
            }
        }
    }

    /** Whether the column belongs to the table's primary key, so that it holds no NULL. */
    boolean isPrimary(Relation table, int column) {
        return indexesOf(table).stream()
                .anyMatch(index -> index.is(Index.Trait.PRIMARY)
                        && index.is(Index.Trait.VALID)
                        && index.columns().contains(column));
    }

    /** The role that read the catalog. */
    String role() {
        return role;
    }

    @Nullable Relation relation(long oid) {
        return relations.get(oid);
    }

    Collection<Relation> relations() {
        return relations.values();
    }

    @Nullable Rule rule(long oid) {
        return rules.get(oid);
    }

    /** The parsed query of a view or materialized view; empty if there is none or its form is not known. */
    Optional<NodeTree.Node> query(Relation view) {
        return Optional.ofNullable(rules.get(view.oid())).flatMap(queries::of);
    }

    /** The code that the view's query would run and that is not trusted; empty if there is none. */
    Optional<Obstacle> untrusted(Relation view) {
        return Optional.ofNullable(untrusted.get(view.oid()));
    }

    /** The view as an incremental view; empty if it is none. */
    Optional<IncrementalView> incremental(Relation view) {
        return Optional.ofNullable(incremental.get(view.oid()));
    }

    @Nullable Function function(long oid) {
        return functions.get(oid);
    }

    List<Relation> childrenOf(Relation parent) {
        return children.getOrDefault(parent.oid(), List.of());
    }

    List<Catalog.Inheritance> inheritancesOf(Relation parent) {
        return inheritances.getOrDefault(parent.oid(), List.of());
    }

    /**
     * The table itself and all its ancestors: the tables that it inherits from or is a partition of, directly or not. A query
     * that reads any of them reads the rows of the table.
     */
    Set<Long> selfAndAncestorsOf(Relation table) {
        return ancestors.computeIfAbsent(table.oid(), oid -> {
            Set<Long> found = new HashSet<>();
            Deque<Long> open = new ArrayDeque<>(List.of(oid));
            while (!open.isEmpty()) {
                long next = open.pop();
                if (found.add(next)) {
                    open.addAll(parents.getOrDefault(next, List.of()));
                }
            }
            return found;
        });
    }

    List<Index> indexesOf(Relation table) {
        return indexes.getOrDefault(table.oid(), List.of());
    }

    ReplicaIdentity identityOf(Relation table) {
        return ReplicaIdentity.of(table, indexesOf(table));
    }
}
