package io.refreshd.routing;

import io.refreshd.catalog.ReadColumns;
import io.refreshd.catalog.Reader;
import io.refreshd.model.Change;
import io.refreshd.model.ChangedColumns;
import io.refreshd.model.Operation;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The readers of one table, sorted out by what changed. */
final class TableRoutes {
    /** There are as many sets of columns as an application has kinds of UPDATE: beyond this, something makes them up. */
    private static final int MEMO_LIMIT = 1_000;

    private final List<Reader> readers;
    private final Set<String> known;
    private final Route everyone;
    private final Map<Set<String>, Route> memo = new ConcurrentHashMap<>();

    /** @param known the columns of the table as the graph sees it */
    TableRoutes(List<Reader> readers, Set<String> known) {
        this.readers = readers;
        this.known = known;
        this.everyone = new Route(readers.stream().map(Reader::view).toList(), List.of());
    }

    Route of(Change change) {
        boolean onlyUpdates = change.rows().keySet().equals(Set.of(Operation.UPDATE));
        ChangedColumns changed = change.columns();
        // A column nobody knows: the table was altered, and it may be one that a view reads under its other name.
        if (!onlyUpdates || changed.all() || !known.containsAll(changed.names())) {
            return everyone;
        }
        Route route = memo.get(changed.names());
        if (route == null) {
            if (memo.size() >= MEMO_LIMIT) {
                memo.clear();
            }
            route = sortOut(changed.names());
            memo.put(changed.names(), route);
        }
        return route;
    }

    private Route sortOut(Set<String> changed) {
        List<ViewId> affected = new ArrayList<>();
        List<ViewId> spared = new ArrayList<>();
        // Many views read the same columns: their answers are shared.
        Set<ReadColumns> yes = new HashSet<>();
        Set<ReadColumns> no = new HashSet<>();
        for (Reader reader : readers) {
            ReadColumns columns = reader.columns();
            boolean hit = yes.contains(columns) || (!no.contains(columns) && columns.readsAnyOf(changed));
            (hit ? yes : no).add(columns);
            (hit ? affected : spared).add(reader.view());
        }
        return new Route(affected, spared);
    }

    /** Compared by identity: there is one for each answer, and the lists may be long. */
    static final class Route {
        private final List<ViewId> affected;
        private final List<ViewId> spared;

        private Route(List<ViewId> affected, List<ViewId> spared) {
            this.affected = affected;
            this.spared = spared;
        }

        List<ViewId> affected() {
            return affected;
        }

        /** Views that read the table, but nothing of what changed. */
        List<ViewId> spared() {
            return spared;
        }
    }
}
