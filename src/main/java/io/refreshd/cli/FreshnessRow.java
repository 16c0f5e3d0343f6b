package io.refreshd.cli;

import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * One view as the ledger has it.
 *
 * @param state a word of {@code refreshd.freshness}; {@code unpopulated} or {@code gone} where the catalog says so
 * @param staleness age of the oldest change that is missing, by the server's clock
 * @param refreshingFor how long the refresh that is running has taken, whoever began it
 * @param commitTime what the watermark stands for, by the server's clock
 * @param lagBytes log written since the watermark; empty if nothing can be claimed
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
        Optional<String> remedy) {

    /** The same view, of which the catalog says that it cannot be refreshed. */
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
                Optional.of(why.remedy()));
    }
}
