package io.refreshd.report;

import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * One view at one moment.
 *
 * @param oldestMissing commit time of the oldest change that is not in the view yet, by the server's clock; empty: none
 *     is known
 * @param watermark every transaction that committed at or before it is in the view; empty if nothing can be claimed
 * @param commitTime what the watermark stands for, by the server's clock; empty if that is not known
 * @param refreshingSince when the refresh that is running began, by this machine's clock; empty if none is
 * @param reason why the view is in this phase, or why it has no watermark; for people
 */
public record ViewStatus(
        ViewId view,
        ViewPhase phase,
        Timing timing,
        Method method,
        Optional<Instant> oldestMissing,
        Optional<Lsn> watermark,
        Optional<Instant> commitTime,
        Optional<Instant> refreshedAt,
        Optional<Duration> lastDuration,
        long refreshes,
        int failuresInARow,
        Optional<Instant> refreshingSince,
        Optional<Obstacle> reason) {

    /** The same, with what the log says of its watermark. */
    public ViewStatus at(Optional<Instant> known) {
        return new ViewStatus(
                view,
                phase,
                timing,
                method,
                oldestMissing,
                watermark,
                known,
                refreshedAt,
                lastDuration,
                refreshes,
                failuresInARow,
                refreshingSince,
                reason);
    }

    /** How long the refresh that is running has taken so far. Never negative. */
    public Optional<Duration> refreshingFor(Instant now) {
        return refreshingSince.map(since -> since.isAfter(now) ? Duration.ZERO : Duration.between(since, now));
    }

    /** Age of the oldest commit that is not in the view; zero when there is none. Never negative, whatever the clocks say. */
    public Duration staleness(Instant now) {
        return oldestMissing
                .map(commit -> Duration.between(commit, now))
                .filter(age -> !age.isNegative())
                .orElse(Duration.ZERO);
    }
}
