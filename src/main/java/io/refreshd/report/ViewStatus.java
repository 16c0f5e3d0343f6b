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
 * Status of one view at one moment.
 *
 * @param oldestMissing commit time of the oldest change that the view lacks, by the server's clock; empty if no such change is
 *     known
 * @param watermark the view holds every transaction that committed at or before this position; empty if no position can be proven
 * @param commitTime commit time that belongs to the watermark, by the server's clock; empty if unknown
 * @param lastDuration duration of the last refresh
 * @param failuresInARow number of failed refreshes since the last success
 * @param refreshingSince start of the refresh that is running, by this machine's clock; empty if none is running
 * @param reason for people: why the view is in this phase, or why it has no watermark
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

    /** A copy with this commit time of the watermark. */
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

    /** Duration so far of the refresh that is running. Never negative, even if the clock was set back. */
    public Optional<Duration> refreshingFor(Instant now) {
        return refreshingSince.map(since -> since.isAfter(now) ? Duration.ZERO : Duration.between(since, now));
    }

    /** Age of the oldest commit that the view lacks; zero if there is none. Never negative, even if the server's clock is ahead. */
    public Duration staleness(Instant now) {
        return oldestMissing
                .map(commit -> Duration.between(commit, now))
                .filter(age -> !age.isNegative())
                .orElse(Duration.ZERO);
    }
}
