package io.refreshd.catalog;

import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A materialized view that refreshd is to keep fresh.
 *
 * @param obstacle why it cannot be refreshed CONCURRENTLY
 * @param plainObstacle why it cannot be refreshed at all; if there is one, {@code obstacle} is there too
 * @param untrackedSources sources whose changes the log does not show: with any, nothing can be claimed about its freshness
 */
public record MaterializedView(
        ViewId id,
        long oid,
        boolean populated,
        Optional<Obstacle> obstacle,
        Optional<Obstacle> plainObstacle,
        List<Obstacle> untrackedSources) {
    public MaterializedView {
        Objects.requireNonNull(id);
        Objects.requireNonNull(obstacle);
        Objects.requireNonNull(plainObstacle);
        untrackedSources = List.copyOf(untrackedSources);
    }

    public Optional<Obstacle> obstacleTo(Method method) {
        return switch (method) {
            case CONCURRENT -> obstacle;
            case PLAIN -> plainObstacle;
        };
    }
}
