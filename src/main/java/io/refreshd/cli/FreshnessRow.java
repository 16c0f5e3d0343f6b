package io.refreshd.cli;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A view's row of {@code refreshd.freshness}, together with what the catalog shows.
 *
 * @param state the state in {@code refreshd.freshness}; {@code unpopulated} or {@code gone} where the catalog shows that
 * @param staleness age of the oldest change that the view lacks, by the server's clock
 * @param refreshingFor how long the running refresh has taken, no matter which session runs it; empty if none is running
 * @param commitTime every commit until this time is in the view, by the server's clock
 * @param serverMessage what the server said when the last refresh failed; empty if the role may not read the view
 * @param lagBytes log written since the watermark; empty if there is no watermark
 */
record FreshnessRow(
        ViewId view,
        String state,
        Duration staleness,
        Optional<Duration> refreshingFor,
        Optional<String> watermark,
        Optional<Instant> commitTime,
        Optional<Long> lagBytes,
        Optional<Instant> refreshedAt,
        Optional<Duration> sinceRefresh,
        Optional<Duration> lastDuration,
        Optional<String> method,
        int failures,
        Optional<String> reason,
        Optional<Remedy> remedy,
        Optional<String> serverMessage) {

    /** The same view as suspended, since the catalog shows that it cannot be refreshed. */
    FreshnessRow suspended(Obstacle why) {
        return new FreshnessRow(
                view,
                "suspended",
                staleness,
                refreshingFor,
                watermark,
                commitTime,
                lagBytes,
                refreshedAt,
                sinceRefresh,
                lastDuration,
                method,
                failures,
                Optional.of(why.what()),
                Optional.of(why.remedy()),
                serverMessage);
    }
}
