package io.refreshd.model;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * One refresh to be carried out.
 *
 * @param oid the view that is meant; a view of the same name with another oid is another view
 * @param awaited transactions that must be visible before the refresh may begin
 * @param covers the newest dirty mark that this refresh satisfies; marks beyond it stay
 * @param routed every transaction that committed at or before it has been routed and seen to be visible; it becomes the
 *     view's watermark. Empty if the view has a source the log does not show: then nothing can be claimed
 * @param downstream materialized views that stand on this one; they become dirty in the refresh's own transaction
 * @param downstreamMark the dirty mark to give them
 * @param oldestCommit commit time of the oldest change that the view does not hold yet
 * @param probes if these find no difference, there is nothing to refresh; empty: refresh in any case
 */
public record RefreshTask(
        ViewId view,
        long oid,
        Method method,
        Xids awaited,
        long covers,
        Optional<Lsn> routed,
        Set<ViewId> downstream,
        long downstreamMark,
        Optional<Instant> oldestCommit,
        List<KeyProbe> probes) {
    public RefreshTask {
        Objects.requireNonNull(view);
        Objects.requireNonNull(method);
        Objects.requireNonNull(awaited);
        downstream = Set.copyOf(downstream);
        probes = List.copyOf(probes);
    }

    /** A task that refreshes in any case. */
    public RefreshTask(
            ViewId view,
            long oid,
            Method method,
            Xids awaited,
            long covers,
            Optional<Lsn> routed,
            Set<ViewId> downstream,
            long downstreamMark,
            Optional<Instant> oldestCommit) {
        this(view, oid, method, awaited, covers, routed, downstream, downstreamMark, oldestCommit, List.of());
    }
}
