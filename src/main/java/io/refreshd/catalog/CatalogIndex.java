package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.SqlNames;
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
    /** The least number of a relation that the catalog does not have, above all oids. */
    private static final long FIRST_DERIVED = 1L << 32;

    private final Map<Long, Relation> relations;
    private final Map<Long, Rule> rules;
    private final Map<Long, List<Relation>> children;
    private final Map<Long, List<Catalog.Inheritance>> inheritances;
    private final Map<Long, List<Long>> parents;
    private final Map<Long, Set<Long>> ancestors;
    private final Map<Long, List<Index>> indexes;
    private final Map<Long, Function> functions;
    private final ParsedQueries queries;

    private final Map<Long, Obstacle> untrusted;
    private final Map<Long, IncrementalView> incremental;
    private final String role;
    private final Map<Long, Derived> derived = new HashMap<>();
    /** Incremental views that a query reads, each as the table that holds its rows. */
    private final Map<Long, Derived> tables = new HashMap<>();

    /** A relation that stands for a part of a query. */
    private record Derived(
            Relation relation, Optional<NodeTree.Node> query, List<Index> indexes, List<SubLink> subQueries) {}

    CatalogIndex(Catalog catalog) {
        relations = new HashMap<>();
        rules = new HashMap<>();
        children = new HashMap<>();
        inheritances = new HashMap<>();
        parents = new HashMap<>();
        ancestors = new HashMap<>();
        indexes = new HashMap<>();
        functions = new HashMap<>();
        queries = new ParsedQueries();
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

    private CatalogIndex(CatalogIndex base) {
        relations = base.relations;
        rules = base.rules;
        children = base.children;
        inheritances = base.inheritances;
        parents = base.parents;
        ancestors = base.ancestors;
        indexes = base.indexes;
        functions = base.functions;
        queries = base.queries;
        untrusted = base.untrusted;
        incremental = base.incremental;
        role = base.role;
        derived.putAll(base.derived);
        tables.putAll(base.tables);
    }

    /** The same catalog, to which relations can be added that stand for parts of a query. This one does not have them. */
    CatalogIndex extended() {
        return new CatalogIndex(this);
    }

    /** The number of the next relation that is added. */
    long nextDerived() {
        return FIRST_DERIVED + derived.size();
    }

    /** Whether the relation stands for a part of a query, so that the database does not have it. */
    boolean isDerived(Relation relation) {
        return derived.containsKey(relation.oid());
    }

    /** A table by its name, or what stands for one. */
    String nameOf(Relation relation) {
        return isDerived(relation) ? "the grouped rows of " + SqlNames.identifier(relation.name()) : relation.sql();
    }

    /** @param relation has the number that was the next */
    void add(Relation relation, Optional<NodeTree.Node> query) {
        derived.put(relation.oid(), new Derived(relation, query, List.of(), List.of()));
    }

    /** @param subQueries that compute columns of the table, or decide about its rows, and refer to its columns */
    void add(Relation table, List<Index> indexesOfIt, List<SubLink> subQueries) {
        derived.put(table.oid(), new Derived(table, Optional.empty(), indexesOfIt, subQueries));
    }

    /** The sub-queries by which rows of a table change that stands for a part of a query; none of any other. */
    List<SubLink> subQueriesOf(Relation table) {
        Derived added = derived.get(table.oid());
        return added == null ? List.of() : added.subQueries();
    }

    /** @param table an incremental view, as the table that holds its rows */
    void addTable(Relation table, List<Index> indexesOfIt) {
        tables.put(table.oid(), new Derived(table, Optional.empty(), indexesOfIt, List.of()));
    }

    /** Whether this is an incremental view, of whose changed rows a round knows all columns. */
    boolean isOfRounds(Relation table) {
        return tables.containsKey(table.oid());
    }

    private @Nullable Derived added(long oid) {
        Derived added = derived.get(oid);
        return added == null ? tables.get(oid) : added;
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
        Derived added = added(oid);
        return added == null ? relations.get(oid) : added.relation();
    }

    Collection<Relation> relations() {
        return relations.values();
    }

    @Nullable Rule rule(long oid) {
        return rules.get(oid);
    }

    /** The parsed query of a view or materialized view; empty if there is none or its form is not known. */
    Optional<NodeTree.Node> query(Relation view) {
        Derived added = derived.get(view.oid());
        return added == null ? Optional.ofNullable(rules.get(view.oid())).flatMap(queries::of) : added.query();
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
        Derived added = added(table.oid());
        return added == null ? indexes.getOrDefault(table.oid(), List.of()) : added.indexes();
    }

    ReplicaIdentity identityOf(Relation table) {
        return ReplicaIdentity.of(table, indexesOf(table));
    }
}
