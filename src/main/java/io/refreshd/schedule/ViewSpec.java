package io.refreshd.schedule;

import io.refreshd.model.ClockBound;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Timing;
import io.refreshd.model.UpstreamRows;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Specification of a view, from catalog and configuration.
 *
 * @param upstream materialized views that the view reads, directly or through plain views
 * @param obstacle why the view cannot be refreshed at all, as the catalog says; empty if it can
 * @param untracked a source whose changes are not in the log, so that the view has no watermark; empty if all sources are
 *     captured
 * @param version of the definition of an incremental view; empty for others
 * @param fullRecompute whether all rows of an incremental view may be recomputed
 * @param clock the bounds in time that the rounds of an incremental view follow, if they are all that makes it untracked
 * @param stack how changed rows of the incremental views lead on that an incremental view reads
 * @param together the other views that are to be refreshed together with this one; each of them names this one
 * @param owner oid of the role that owns the view
 */
public record ViewSpec(
        ViewId view,
        long oid,
        Timing timing,
        Method method,
        Set<ViewId> upstream,
        Optional<Obstacle> obstacle,
        Optional<Obstacle> untracked,
        String version,
        FullRecompute fullRecompute,
        List<ClockBound> clock,
        List<UpstreamRows> stack,
        Set<ViewId> together,
        long owner) {
    /** A view that is refreshed by REFRESH, without others. */
    public ViewSpec(
            ViewId view,
            long oid,
            Timing timing,
            Method method,
            Set<ViewId> upstream,
            Optional<Obstacle> obstacle,
            Optional<Obstacle> untracked) {
        this(
                view,
                oid,
                timing,
                method,
                upstream,
                obstacle,
                untracked,
                "",
                FullRecompute.ALLOW,
                List.of(),
                List.of(),
                Set.of(),
                0);
    }

    public ViewSpec {
        Objects.requireNonNull(view);
        upstream = Set.copyOf(upstream);
        clock = List.copyOf(clock);
        stack = List.copyOf(stack);
        together = Set.copyOf(together);
    }

    /** Whether changes may come that neither the log nor the clock tells of. */
    boolean missesChanges() {
        return untracked.isPresent() && clock.isEmpty();
    }

    /** Whether rounds tell this view which rows of the other one have changed. */
    boolean followsRowsOf(ViewId other) {
        return stack.stream().anyMatch(rows -> rows.view().equals(other));
    }

    /** Whether that is true of all views that it reads. */
    boolean followsRows() {
        return upstream.stream().allMatch(this::followsRowsOf);
    }
}
