package io.refreshd.catalog;

import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the views that depend on objects which running transactions may be altering ({@link AlterationSql}).
 *
 * <ul>
 *   <li>Relations: tables, plain views, partitions, inheritance children, and what policies read. Other materialized views are left out:
 *       they hold rows of their own, and refreshd's own refresh locks them. The parts of an incremental view are its own.
 *   <li>Types that the queries use.
 *   <li>Roles: the owners of the view and of the plain views that it reads. Memberships decide which rows policies show, and concern
 *       views that read a table with row-level security.
 * </ul>
 *
 * <p>Invariant: the relations of a view are those whose alteration can change what the view's definition yields. A policy counts
 * whether or not it applies at present.
 *
 * <p>Thread: immutable.
 */
public final class DependentViews {
    /** The views of no catalog. */
    public static final DependentViews NONE = new DependentViews(Map.of(), Map.of());

    // Oids of system catalogs are the same in each version of PostgreSQL.
    private static final long PG_CLASS = 1259;
    private static final long PG_AUTHID = 1260;
    private static final ObjectRef MEMBERSHIPS = new ObjectRef(1261, 0);

    private final Map<ObjectRef, Set<ViewId>> views;
    private final Map<ObjectRef, String> names;

    private DependentViews(Map<ObjectRef, Set<ViewId>> views, Map<ObjectRef, String> names) {
        this.views = views;
        this.names = names;
    }

    public static DependentViews of(Catalog catalog, ViewGraph graph) {
        CatalogIndex index = new CatalogIndex(catalog);
        DependentViews found = new DependentViews(new HashMap<>(), new HashMap<>());
        for (MaterializedView view : graph.views().values()) {
            for (Relation relation : RelationClosure.of(view, index)) {
                // No round takes a lock on the parts of an incremental view that would count as an alteration.
                boolean own = view.incremental()
                        .filter(incremental -> incremental.parts().contains(relation.oid()))
                        .isPresent();
                if (relation.kind() == RelationKind.MATERIALIZED_VIEW && !own) {
                    continue;
                }
                found.add(
                        new ObjectRef(PG_CLASS, relation.oid()),
                        new TableId(relation.schema(), relation.name()).toString(),
                        view.id());
                if (relation.kind() == RelationKind.VIEW) {
                    found.addOwner(relation, view.id());
                }
                if (relation.traits().rowSecurity() != RowSecurity.OFF) {
                    found.add(MEMBERSHIPS, "memberships of roles", view.id());
                }
            }
            Optional.ofNullable(index.relation(view.oid())).ifPresent(own -> found.addOwner(own, view.id()));
            found.add(new ObjectRef(PG_AUTHID, 0), "attributes or settings of a role", view.id());
            graph.typesOf(view.id()).forEach(type -> found.add(type, "a type", view.id()));
        }
        return found;
    }

    private void addOwner(Relation relation, ViewId view) {
        add(new ObjectRef(PG_AUTHID, relation.traits().owner()), "attributes or settings of a role", view);
    }

    private void add(ObjectRef object, String name, ViewId view) {
        views.computeIfAbsent(object, key -> new TreeSet<>()).add(view);
        names.putIfAbsent(object, name);
    }

    /** The same for relations. @param relations their oids */
    public Map<ViewId, String> onRelations(Collection<Long> relations) {
        return on(relations.stream().map(oid -> new ObjectRef(PG_CLASS, oid)).toList());
    }

    /** For each view that depends on some of the objects: the name of one of them. */
    public Map<ViewId, String> on(Collection<ObjectRef> objects) {
        Map<ViewId, String> found = new HashMap<>();
        for (ObjectRef object : new TreeSet<>(objects)) {
            String name = names.getOrDefault(object, "");
            views.getOrDefault(object, Set.of()).forEach(view -> found.putIfAbsent(view, name));
        }
        return found;
    }
}
