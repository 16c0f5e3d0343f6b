package io.refreshd.schedule;

import io.refreshd.model.FullRecompute;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.Timing;
import io.refreshd.model.UpstreamRows;
import io.refreshd.model.ViewId;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

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
     * @param sources what it holds of each view that it reads, and under its own name of its tables; empty if it reads no view
     */
    record Content(BitSet transactions, Set<Integer> tables, Map<ViewId, Content> sources) {
        /** What makes no difference to a view below makes none here. @return whether this content is made from that view */
        boolean hold(ViewId below, BitSet more) {
            boolean stands = false;
            for (Map.Entry<ViewId, Content> source : sources.entrySet()) {
                if (source.getKey().equals(below)) {
                    source.getValue().transactions.or(more);
                    stands = true;
                } else {
                    stands |= source.getValue().hold(below, more);
                }
            }
            if (stands) {
                transactions.or(more);
            }
            return stands;
        }

        Content copy() {
            Map<ViewId, Content> copies = new TreeMap<>();
            sources.forEach((source, content) -> copies.put(source, content.copy()));
            return new Content((BitSet) transactions.clone(), Set.copyOf(tables), copies);
        }

        /** What the view below got without a change of its rows, this content got too, as far as it is made from that view. */
        void take(ViewId below, Content before, Content now) {
            sources.forEach((source, content) -> {
                if (source.equals(below)) {
                    content.add(before, now);
                } else {
                    content.take(below, before, now);
                }
                transactions.or(content.transactions);
            });
        }

        private void add(Content before, Content now) {
            BitSet added = (BitSet) now.transactions.clone();
            added.andNot(before.transactions);
            transactions.or(added);
            sources.forEach((source, content) -> content.add(before.sources.get(source), now.sources.get(source)));
        }
    }

    /** @param obstacle whether one of its group cannot be refreshed @param stack the incremental views whose rows it follows */
    ViewSpec spec(boolean obstacle, List<UpstreamRows> stack) {
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
                stack,
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
