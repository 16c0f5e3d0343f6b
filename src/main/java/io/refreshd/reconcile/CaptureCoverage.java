package io.refreshd.reconcile;

import io.refreshd.catalog.BaseTable;
import io.refreshd.catalog.MaterializedView;
import io.refreshd.catalog.Reader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.model.ClockBound;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.report.TableStatus;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which sources of the views the log shows changes of, and for each other source the reason. Immutable. */
final class CaptureCoverage {
    private final ViewGraph graph;
    private final Optional<Obstacle> degraded;
    private final Map<TableId, Obstacle> untracked = new HashMap<>();
    private final Map<ViewId, Obstacle> byUntrackedTable = new HashMap<>();

    /**
     * @param captured tables whose changes arrive without a gap
     * @param refused tables that refreshd may not publish, with the reason
     * @param degraded why the log is not read at all; empty if it is read
     */
    CaptureCoverage(
            ViewGraph graph, Set<TableId> captured, Map<TableId, Obstacle> refused, Optional<Obstacle> degraded) {
        this.graph = graph;
        this.degraded = degraded;
        for (BaseTable table : graph.tables().values()) {
            if (!captured.contains(table.id())) {
                Obstacle why = table.notPublishable()
                        .or(() -> Optional.ofNullable(refused.get(table.id())))
                        .orElseGet(() -> enrolling(table.id()));
                untracked.put(table.id(), why);
                graph.readersOf(table.id()).stream()
                        .map(Reader::view)
                        .forEach(view -> byUntrackedTable.putIfAbsent(view, why));
            }
        }
    }

    /** Why changes of the view's sources may pass unseen; empty if the log shows them all. */
    Optional<Obstacle> untrackedSourceOf(MaterializedView view) {
        return view.untrackedSources().stream()
                .findFirst()
                .or(() -> Optional.ofNullable(byUntrackedTable.get(view.id())))
                .or(() -> degraded);
    }

    /** The bounds in time that rounds of the view follow; none if its content may also change in another way that the log does not show. */
    List<ClockBound> clockOf(MaterializedView view) {
        return byUntrackedTable.containsKey(view.id()) || degraded.isPresent() ? List.of() : view.clock();
    }

    List<TableStatus> tables() {
        // Partitions have the same readers.
        Map<List<Reader>, List<ViewId>> views = new IdentityHashMap<>();
        return graph.tables().keySet().stream()
                .map(table -> new TableStatus(
                        table,
                        Optional.ofNullable(untracked.get(table)),
                        views.computeIfAbsent(
                                graph.readersOf(table),
                                readers -> readers.stream()
                                        .map(Reader::view)
                                        .distinct()
                                        .sorted()
                                        .toList())))
                .toList();
    }

    private static Obstacle enrolling(TableId table) {
        return new Obstacle(
                "table " + table
                        + " has joined the publication, and a transaction that wrote to it before has not ended;"
                        + " or its entry there has a row filter, a column list or not all operations",
                Remedy.text(
                        "wait for it to end (see pg_stat_activity), or take the filter and the list out of its entry"));
    }
}
