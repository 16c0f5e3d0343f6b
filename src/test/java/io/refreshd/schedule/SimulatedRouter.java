package io.refreshd.schedule;

import io.refreshd.model.Impact;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xids;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.NullUnmarked;

/** Model of the router: which views a transaction affects, and which rows are to be looked up. */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
final class SimulatedRouter {
    private SimulatedRouter() {}

    /**
     * @param among views that count
     * @param known the views as the daemon knows them; those that it does not know are left out
     * @param impacts to be added to
     */
    static void route(
            SimulatedTransaction tx, Set<ViewId> among, Map<ViewId, SimulatedView> known, Map<ViewId, Impact> impacts) {
        for (ViewId id : among) {
            SimulatedView view = known.get(id);
            if (view != null && tx.changesAnyOf(view.tables())) {
                Impact impact =
                        new Impact(id, Xids.of(tx.xid), Objects.requireNonNull(tx.committedAt), lookups(tx, view));
                impacts.merge(id, impact, SimulatedRouter::both);
            }
        }
    }

    private static Impact both(Impact a, Impact b) {
        List<KeyLookup> lookups = new ArrayList<>(a.lookups());
        lookups.addAll(b.lookups());
        return new Impact(
                a.view(),
                Xids.union(List.of(a.xids(), b.xids())),
                a.oldestCommit().isBefore(b.oldestCommit()) ? a.oldestCommit() : b.oldestCommit(),
                a.lookups().isEmpty() || b.lookups().isEmpty() ? List.of() : lookups);
    }

    /** Of a view with upstream views no rows can be looked up, and of some transactions the rows are not known. */
    private static List<KeyLookup> lookups(SimulatedTransaction tx, SimulatedView view) {
        if (!view.upstream().isEmpty() || tx.index % 7 == 0) {
            return List.of();
        }
        List<KeyLookup> lookups = new ArrayList<>();
        for (int table : view.tables()) {
            if (tx.changes(table)) {
                Set<List<String>> keys = new HashSet<>();
                tx.rows.forEach(row -> keys.add(List.of(Integer.toString(table * 100 + row))));
                lookups.add(new KeyLookup(new TableId("public", "t" + table), List.of(1), List.of("int"), keys));
            }
        }
        return lookups;
    }
}
