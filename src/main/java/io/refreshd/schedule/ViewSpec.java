package io.refreshd.schedule;

import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A view as catalog and configuration describe it.
 *
 * @param upstream materialized views it reads, directly or through plain views
 * @param obstacle why it cannot be refreshed at all, read from the catalog; empty if nothing stands in the way
 * @param blindSpot why changes of it may pass unseen (a source the log does not show): it gets no watermark; empty if all
 *     its sources are captured
 */
public record ViewSpec(
        ViewId view,
        long oid,
        Timing timing,
        Method method,
        Set<ViewId> upstream,
        Optional<Obstacle> obstacle,
        Optional<Obstacle> untracked) {
    public ViewSpec {
        Objects.requireNonNull(view);
        upstream = Set.copyOf(upstream);
    }
}
