package io.refreshd.model;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * One refresh to be carried out.
 *
 * @param oid oid of the view: a view of the same name with another oid is another view
 * @param awaited the transactions that must be visible before the refresh may begin
 * @param covers the newest dirty mark that this refresh clears; newer marks stay
 * @param routed the WAL position that becomes the view's watermark: every transaction that committed at or before it was routed and
 *     seen to be visible. Empty if the view has an untracked source, so that nothing can be claimed
 * @param downstream the materialized views that read this one; they are marked dirty in the refresh's own transaction
 * @param downstreamMark the dirty mark to give them
 * @param oldestCommit when the oldest change committed that the view does not hold yet
 * @param lookups the rows to look up: if none of them differs from the view's definition, there is nothing to refresh. Empty: refresh
 *     in any case. For an incremental view, the rows to recompute; its basis says whether all are
 * @param timeLimit how long the REFRESH may take, so that other views get its place in time; empty: as long as any
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
        List<KeyLookup> lookups,
        RoundBasis basis,
        Optional<Duration> timeLimit) {
    public RefreshTask {
        Objects.requireNonNull(view);
        Objects.requireNonNull(basis);
        Objects.requireNonNull(method);
        Objects.requireNonNull(awaited);
        downstream = Set.copyOf(downstream);
        lookups = List.copyOf(lookups);
    }

    /** The same task, of which these views are not told that this one has changed. */
    public RefreshTask withoutDownstream(Set<ViewId> views) {
        Set<ViewId> others = new HashSet<>(downstream);
        others.removeAll(views);
        return with(others, timeLimit);
    }

    /** The same task, with another time limit. */
    public RefreshTask within(Optional<Duration> limit) {
        return with(downstream, limit);
    }

    private RefreshTask with(Set<ViewId> readers, Optional<Duration> limit) {
        return new RefreshTask(
                view,
                oid,
                method,
                awaited,
                covers,
                routed,
                readers,
                downstreamMark,
                oldestCommit,
                lookups,
                basis,
                limit);
    }

    /** Whether all rows are made anew, or recomputed; otherwise those of the look-ups are looked up, or recomputed. */
    public boolean refreshesAll() {
        return method == Method.INCREMENTAL ? !basis.everything().isEmpty() : lookups.isEmpty();
    }

    /** Whether keys that were routed for this task mean something under this version of the definition. */
    public boolean definitionIs(String version) {
        return basis.definition().isEmpty() || basis.definition().equals(version);
    }
}
