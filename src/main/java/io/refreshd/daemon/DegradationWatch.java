package io.refreshd.daemon;

import io.refreshd.config.CaptureSettings;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.reconcile.CatalogReconciler;
import io.refreshd.stream.DatabaseSession;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Watches whether the log is read further. If it is not, for longer than {@link #LONGEST_SILENCE}, every view is refreshed by the clock
 * until it is.
 *
 * <p>Thread: the guard thread.
 */
final class DegradationWatch {
    /** A restart of the server takes less. */
    static final Duration LONGEST_SILENCE = Duration.ofSeconds(30);

    private final StreamState stream;
    private final Supplier<Moment> clock;
    private final Duration longestSilence;

    private Lsn reached = Lsn.ZERO;
    private long reachedAt;

    DegradationWatch(CaptureSettings settings, StreamState stream, Supplier<Moment> clock) {
        this.stream = stream;
        this.clock = clock;
        Duration beats = settings.heartbeatInterval().multipliedBy(3);
        this.longestSilence = beats.compareTo(LONGEST_SILENCE) > 0 ? beats : LONGEST_SILENCE;
        this.reachedAt = clock.get().nanos();
    }

    void check(DatabaseSession session) {
        Lsn position = session.ingest().reached();
        // A run that only reads again what was read before, and fails at the same position, makes no progress.
        if (stream.isStreaming() && !position.equals(reached)) {
            reached = position;
            reachedAt = clock.get().nanos();
            session.reconciler().recover();
        } else if (clock.get().nanosSince(reachedAt) > longestSilence.toNanos()) {
            degrade(session.reconciler(), stream.status().detail());
        }
    }

    static void degrade(CatalogReconciler reconciler, String why) {
        reconciler.degrade(new Obstacle(
                "the log is not read at present, so views are refreshed by the clock: " + why,
                Remedy.text("it passes by itself when the log can be read again")));
    }
}
