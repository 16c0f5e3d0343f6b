package io.refreshd.catalog;

import io.refreshd.model.Method;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Works out the statements that make views refreshable, in an order in which they run: a view is populated, and gets its unique
 * index, before the views that stand on it.
 */
public final class RepairPlan {
    private final CatalogIndex catalogIndex;
    private final RefreshObstacles obstacles;
    private final Predicate<ViewId> included;
    private final Function<ViewId, Method> method;
    private final Map<Long, List<Statement>> planned = new HashMap<>();

    private int next;

    private RepairPlan(Catalog catalog, Predicate<ViewId> included, Function<ViewId, Method> method) {
        this.catalogIndex = new CatalogIndex(catalog);
        this.obstacles = new RefreshObstacles(catalogIndex);
        this.included = included;
        this.method = method;
    }

    /**
     * One statement of the plan.
     *
     * @param order statements with a smaller number run earlier
     */
    public record Statement(int order, String sql) {}

    /**
     * Plans for all included views.
     *
     * @return for each included view that needs any: its statements, and those of the views that it stands on and that are not
     *     included
     */
    public static SortedMap<ViewId, List<Statement>> of(
            Catalog catalog, Predicate<ViewId> included, Function<ViewId, Method> method) {
        RepairPlan plan = new RepairPlan(catalog, included, method);
        SortedMap<ViewId, List<Statement>> result = new TreeMap<>();
        for (Relation relation : catalog.relations()) {
            if (relation.kind() == RelationKind.MATERIALIZED_VIEW && included.test(relation.viewId())) {
                List<Statement> statements = plan.statements(relation, new HashSet<>());
                if (!statements.isEmpty()) {
                    result.put(relation.viewId(), statements);
                }
            }
        }
        return result;
    }

    /** @param above views whose plan is under way: plain views may read each other in a cycle */
    private List<Statement> statements(Relation view, Set<Long> above) {
        List<Statement> known = planned.get(view.oid());
        if (known != null) {
            return known;
        }
        if (!above.add(view.oid())) {
            return List.of();
        }
        ViewSources read = ViewSources.of(view, catalogIndex);
        List<Statement> all = new ArrayList<>();
        for (Relation other : read.materializedViews()) {
            List<Statement> before = statements(other, above);
            if (!included.test(other.viewId())) {
                all.addAll(before);
            }
        }
        all.addAll(own(view, read));
        above.remove(view.oid());
        planned.put(view.oid(), all);
        return all;
    }

    private List<Statement> own(Relation view, ViewSources read) {
        List<Statement> own = new ArrayList<>();
        if (!view.traits().populated()) {
            own.add(new Statement(next++, "REFRESH MATERIALIZED VIEW " + SqlNames.qualified(view.viewId())));
        }
        boolean incremental = catalogIndex.incremental(view).isPresent();
        if (!incremental && included.test(view.viewId()) && method.apply(view.viewId()) == Method.CONCURRENT) {
            obstacles.missingIndex(view, read).ifPresent(sql -> own.add(new Statement(next++, sql)));
        }
        return own;
    }
}
