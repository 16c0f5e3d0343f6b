package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Finds what keeps a view from being incremental, whatever its joins: what the log does not show, policies, functions that are not
 * immutable, code that is not trusted, relations that refreshd may not read.
 */
final class IncrementalObstacles {
    private static final String STALENESS = "set max-staleness";

    /** What helps against the clock, chance and the session: only the rows need be stored that do not depend on them. */
    private static final Remedy OUTSIDE = Remedy.text(
            "leave that part out of the view, and put it into a plain view over it or into the queries that read it");

    private final CatalogIndex catalogIndex;
    private final UntrackedSources untrackedSources;

    IncrementalObstacles(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
        this.untrackedSources = new UntrackedSources(catalogIndex, view -> true);
    }

    List<Obstacle> of(Relation view) {
        ViewSources sources = ViewSources.of(view, catalogIndex);
        Set<Obstacle> found = new LinkedHashSet<>();
        ClockUse clock = ClockUse.of(sources, catalogIndex);
        clock.obstacle().ifPresent(found::add);
        if (!clock.comparisons().isEmpty() && readsIncremental(sources)) {
            found.add(new Obstacle(
                    "compares a column with the clock, and reads an incremental view",
                    Remedy.text("compare with the clock in that view, or in a plain view on this one")));
        }
        for (Obstacle untracked : clock.isCarried() || clock.obstacle().isPresent()
                ? untrackedSources.besidesClock(view, sources)
                : untrackedSources.of(view, sources)) {
            Remedy remedy = withoutStaleness(untracked.remedy());
            boolean outside = remedy.isEmpty() && untracked.what().endsWith(UntrackedSources.OF_ITSELF);
            found.add(new Obstacle(untracked.what(), outside ? OUTSIDE : remedy));
        }
        for (Relation relation : sources.relations()) {
            if (relation.traits().rowSecurity() != RowSecurity.OFF) {
                found.add(new Obstacle(
                        "row-level security of " + relation.sql() + " may show the owner other rows than refreshd",
                        Remedy.NONE));
            }
        }
        for (Rule rule : sources.rules()) {
            for (long oid : rule.functions()) {
                if (catalogIndex.function(oid) == null) {
                    found.add(new Obstacle("calls a function that could not be examined", Remedy.NONE));
                }
            }
        }
        catalogIndex.untrusted(view).ifPresent(found::add);
        ReadAccess.obstacle(view, catalogIndex)
                .map(missing -> new Obstacle(
                        missing.what().replace(" looks rows up as itself and may", " runs its query and may"),
                        missing.remedy()))
                .ifPresent(found::add);
        return List.copyOf(found);
    }

    private boolean readsIncremental(ViewSources sources) {
        return sources.materializedViews().stream()
                .anyMatch(source -> catalogIndex.incremental(source).isPresent());
    }

    /** An incremental view is not refreshed by the clock, so that this part of the remedy does not help. */
    private static Remedy withoutStaleness(Remedy remedy) {
        int at = remedy.text().indexOf(STALENESS);
        return at < 0
                ? remedy
                : new Remedy(remedy.sql(), remedy.text().substring(0, at).replaceFirst(",? or $", ""));
    }
}
