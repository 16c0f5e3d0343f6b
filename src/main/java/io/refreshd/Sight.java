package io.refreshd;

import io.refreshd.catalog.BaseTable;
import io.refreshd.catalog.MaterializedView;
import io.refreshd.catalog.Reader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.report.TableStatus;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What of the views' sources the log shows, and why not where it does not. Immutable. */
final class Sight {
    private final ViewGraph graph;
    private final Optional<Obstacle> blindfold;
    private final Map<TableId, Obstacle> hidden = new HashMap<>();
    private final Map<ViewId, Obstacle> byHiddenTable = new HashMap<>();

    /**
     * @param refused tables that refreshd may not publish
     * @param blindfold why the log is not read at all; empty if it is
     */
    Sight(ViewGraph graph, Set<TableId> captured, Map<TableId, Obstacle> refused, Optional<Obstacle> blindfold) {
        this.graph = graph;
        this.blindfold = blindfold;
        for (BaseTable table : graph.tables().values()) {
            if (!captured.contains(table.id())) {
                Obstacle why = table.notPublishable()
                        .or(() -> Optional.ofNullable(refused.get(table.id())))
                        .orElseGet(() -> joining(table.id()));
                hidden.put(table.id(), why);
                graph.readersOf(table.id()).stream()
                        .map(Reader::view)
                        .forEach(view -> byHiddenTable.putIfAbsent(view, why));
            }
        }
    }

    /** Why changes of the view may pass unseen; empty if the log shows them all. */
    Optional<Obstacle> untrackedSourceOf(MaterializedView view) {
        return view.untrackedSources().stream()
                .findFirst()
                .or(() -> Optional.ofNullable(byHiddenTable.get(view.id())))
                .or(() -> blindfold);
    }

    List<TableStatus> tables() {
        return graph.tables().keySet().stream()
                .map(table -> new TableStatus(
                        table,
                        Optional.ofNullable(hidden.get(table)),
                        graph.readersOf(table).stream()
                                .map(Reader::view)
                                .distinct()
                                .sorted()
                                .toList()))
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

    private static Obstacle joining(TableId table) {
        return new Obstacle(
                "table " + table
                        + " has joined the publication, and a transaction that wrote to it before has not ended;"
                        + " or its entry there has a row filter, a column list or not all operations",
                "wait for it to end (see pg_stat_activity), or ALTER PUBLICATION … SET TABLE without filter and list");
    }
}
