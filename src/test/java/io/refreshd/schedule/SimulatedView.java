package io.refreshd.schedule;

import io.refreshd.model.FullRecompute;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A view as the catalog has it.
 *
 * @param obstacle whether it cannot be refreshed
 * @param incremental whether its rows are recomputed; otherwise it is refreshed
 * @param version changes with each change of the query
 * @param together the other views of its group
 */
record SimulatedView(
        ViewId view,
        long oid,
        Timing timing,
        Set<Integer> tables,
        Set<ViewId> upstream,
        boolean untracked,
        boolean obstacle,
        boolean incremental,
        long version,
        Set<ViewId> together) {

    /**
     * What a view holds.
     *
     * @param tables the tables from which it was made, those of its upstream views included
     */
    record Content(BitSet transactions, Set<Integer> tables) {}

    /** @param obstacle whether one of its group cannot be refreshed */
    ViewSpec spec(boolean obstacle) {
        return new ViewSpec(
                view,
                oid,
                timing,
                incremental ? Method.INCREMENTAL : Method.CONCURRENT,
                upstream,
                obstacle ? Optional.of(new Obstacle("no unique index", Remedy.text("create one"))) : Optional.empty(),
                untracked ? Optional.of(new Obstacle("reads a foreign table", Remedy.NONE)) : Optional.empty(),
                incremental ? definition() : "",
                FullRecompute.ALLOW,
                List.of(),
                List.of(),
                together,
                owner());
    }

    /** Some of the views have another owner than the others. */
    private long owner() {
        return view.name().hashCode() % 3;
    }

    String definition() {
        return Long.toString(version);
    }

    boolean sameQuery(SimulatedView other) {
        return oid == other.oid && version == other.version;
    }

    SimulatedView withOid(long newOid, long newVersion) {
        return new SimulatedView(
                view, newOid, timing, tables, upstream, untracked, obstacle, incremental, newVersion, together);
    }

    SimulatedView withTables(Set<Integer> newTables, long newVersion) {
        return new SimulatedView(
                view, oid, timing, newTables, upstream, untracked, obstacle, incremental, newVersion, together);
    }

    SimulatedView withObstacle(boolean newObstacle) {
        return new SimulatedView(
                view, oid, timing, tables, upstream, untracked, newObstacle, incremental, version, together);
    }
}
