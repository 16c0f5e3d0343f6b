package io.refreshd.daemon;

import io.refreshd.config.CaptureSettings;
import io.refreshd.model.Moment;
import io.refreshd.report.Notice;
import io.refreshd.stream.DatabaseSession;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jdbi.v3.core.Jdbi;

/**
 * The tasks that keep lease and disk safe: lease watch, degradation watch, slot guard.
 *
 * <p>Thread: a thread of its own, {@code refreshd-guard}, so that no lock in the catalog and no slow query holds it up.
 */
final class Guard {
    /** How often lease and slot are looked at while the database is idle: heartbeats move the slot as seldom. */
    private static final Duration WHEN_IDLE = Duration.ofSeconds(5);

    private final Jdbi jdbi;
    private final StreamState stream;
    private final DegradationWatch degradation;
    private final SlotGuard slot;
    private final PeriodicTask task;
    private final Supplier<Moment> clock;
    private long lookedAt;

    Guard(
            Jdbi jdbi,
            CaptureSettings settings,
            StreamState stream,
            Consumer<Notice> listener,
            Supplier<Moment> clock,
            SlotGuard.Dropper dropper) {
        this.jdbi = jdbi;
        this.clock = clock;
        this.lookedAt = clock.get().nanos() - WHEN_IDLE.toNanos();
        this.stream = stream;
        this.degradation = new DegradationWatch(settings, stream, clock);
        this.slot = new SlotGuard(settings, listener, dropper);
        this.task = new PeriodicTask("slot", listener, clock);
    }

    void run() throws InterruptedException {
        DatabaseSession session = stream.openSession().orElse(null);
        if (session == null) {
            return;
        }
        boolean looks = isTimeToLook(session);
        if (looks && !session.lease().isHeld()) {
            // The next attempt stands by, or takes the lease again.
            stream.leaseLost();
            stream.endCapture();
            return;
        }
        degradation.check(session);
        if (looks) {
            task.attempt(() -> jdbi.useHandle(slot::check));
        }
    }

    private boolean isTimeToLook(DatabaseSession session) {
        Moment now = clock.get();
        boolean idle = stream.hasCapture() && session.ingest().isIdle();
        if (idle && now.nanosSince(lookedAt) < WHEN_IDLE.toNanos()) {
            return false;
        }
        lookedAt = now.nanos();
        return true;
    }
}
