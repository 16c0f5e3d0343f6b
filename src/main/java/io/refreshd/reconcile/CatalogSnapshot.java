package io.refreshd.reconcile;

import io.refreshd.capture.PublicationState;
import io.refreshd.catalog.MaterializedView;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.doctor.RequiredTables;
import io.refreshd.ingest.CatalogVersion;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * All that one reading of the catalog found. Immutable.
 *
 * @param version by which changes are routed
 * @param publication as it is after it was reconciled
 * @param publicationVersion of the publication's rows in the catalog
 * @param refused tables that refreshd may not publish, with the reason
 * @param enrolment which tables are captured without a gap, and which were not before
 * @param notRefreshable materialized views, by oid, that the role may not refresh
 * @param settings that every session of this server and database begins with, as far as they change what a query returns
 * @param degraded why the log is not read; empty if it is read
 */
record CatalogSnapshot(
        CatalogVersion version,
        ViewGraph graph,
        RequiredTables wanted,
        PublicationState publication,
        String publicationVersion,
        Map<TableId, Obstacle> refused,
        EnrolmentTracker.Enrolment enrolment,
        Map<Long, Obstacle> notRefreshable,
        String settings,
        Optional<Obstacle> degraded) {

    /** The same catalog while the log is not read. What came and went with the enrolment was applied already. */
    CatalogSnapshot degraded(Obstacle why) {
        return new CatalogSnapshot(
                version,
                graph,
                wanted,
                publication,
                publicationVersion,
                refused,
                enrolment.settled(),
                notRefreshable,
                settings,
                Optional.of(why));
    }

    /** Another one once the view's content may be another one without the log having reported a change. */
    String lineageOf(ViewId view) {
        return graph.lineageOf(view) + " " + settings;
    }

    CaptureCoverage coverage() {
        return new CaptureCoverage(graph, enrolment.captured(), refused, degraded);
    }

    /** Why the view cannot be refreshed at all; empty if it can. */
    Optional<Obstacle> obstacleTo(MaterializedView view, Method method) {
        return Optional.ofNullable(notRefreshable.get(view.oid())).or(() -> view.obstacleTo(method));
    }

    /** Why the log does not show changes of the tables that roles come from: one obstacle for each such table. */
    List<Obstacle> untrackedRoleTables() {
        return wanted.tables().values().stream()
                .filter(table -> wanted.ofRoles().contains(table.id()))
                .flatMap(
                        table -> table.notPublishable().or(() -> Optional.ofNullable(refused.get(table.id()))).stream())
                .toList();
    }

    /** For each view that stands on others: on which. */
    Map<ViewId, Set<ViewId>> upstream() {
        Map<ViewId, Set<ViewId>> upstream = new HashMap<>();
        for (ViewId view : graph.views().keySet()) {
            if (!graph.upstreamOf(view).isEmpty()) {
                upstream.put(view, graph.upstreamOf(view));
            }
        }
        return Map.copyOf(upstream);
    }
}
