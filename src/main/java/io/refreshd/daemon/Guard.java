package io.refreshd.daemon;

import io.refreshd.config.CaptureSettings;
import io.refreshd.model.Moment;
import io.refreshd.report.Notice;
import io.refreshd.stream.DatabaseSession;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jdbi.v3.core.Jdbi;

/**
 * The tasks that keep lease and disk safe: lease watch, degradation watch, slot guard.
 *
 * <p>Thread: a thread of its own, {@code refreshd-guard}, so that no lock in the catalog and no slow query holds it up.
 */
final class Guard {
    private final Jdbi jdbi;
    private final StreamState stream;
    private final DegradationWatch degradation;
    private final SlotGuard slot;
    private final PeriodicTask task;
    private final Supplier<Moment> clock;
    private final GuardPace pace;

    Guard(
            Jdbi jdbi,
            CaptureSettings settings,
            StreamState stream,
            Consumer<Notice> listener,
            Supplier<Moment> clock,
            SlotGuard.Dropper dropper) {
        this.jdbi = jdbi;
        this.clock = clock;
        this.pace = new GuardPace(clock.get());
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
        boolean idle = stream.hasCapture() && session.ingest().isIdle();
        boolean looks = pace.isDue(clock.get(), idle);
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
}
