package io.refreshd.catalog;

import io.refreshd.model.ClockBound;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A materialized view, or an incremental view, that refreshd keeps fresh.
 *
 * <p>Invariant: a view with a {@code plainObstacle} has an {@code obstacle} too.
 *
 * @param owner oid of the role that owns it
 * @param populated false if the view holds no data yet (WITH NO DATA)
 * @param obstacle why the view cannot be refreshed CONCURRENTLY; empty if it can
 * @param plainObstacle why the view cannot be refreshed at all; empty if it can
 * @param untrackedSources sources whose changes the log does not show; with any of them the view cannot be claimed to be fresh
 * @param incremental how its rows are kept if it is an incremental view; empty if it is a materialized view
 * @param clock the bounds in time that its rounds follow, if the log does not show but these; none for a materialized view
 */
public record MaterializedView(
        ViewId id,
        long oid,
        long owner,
        boolean populated,
        Optional<Obstacle> obstacle,
        Optional<Obstacle> plainObstacle,
        List<Obstacle> untrackedSources,
        Optional<IncrementalView> incremental,
        List<ClockBound> clock) {
    public MaterializedView {
        Objects.requireNonNull(id);
        Objects.requireNonNull(obstacle);
        Objects.requireNonNull(plainObstacle);
        untrackedSources = List.copyOf(untrackedSources);
        clock = List.copyOf(clock);
    }

    /** The method by which the view is brought up to date, given the configured one. */
    public Method method(Method configured) {
        return incremental.isPresent() ? Method.INCREMENTAL : configured;
    }

    public Optional<Obstacle> obstacleTo(Method method) {
        return switch (method) {
            case CONCURRENT -> obstacle;
            case PLAIN, INCREMENTAL -> plainObstacle;
        };
    }
}
