package io.refreshd.daemon;

import io.refreshd.model.Moment;
import io.refreshd.report.Notice;
import io.refreshd.stream.DatabaseSession;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reconciles the catalog every catalog poll interval, and prunes the refresh history.
 *
 * <p>Thread: a thread of its own, {@code refreshd-catalog}.
 */
final class CatalogTask {
    private static final Logger log = LoggerFactory.getLogger(CatalogTask.class);

    /** A catalog that could not be read so many times in a row will not be read the next time either. */
    private static final int MOST_FAILURES = 5;

    private final Jdbi jdbi;
    private final StreamState stream;
    private final HistoryPruner history;
    private final PeriodicTask pruning;
    private final PeriodicTask reconciliation;

    CatalogTask(Jdbi jdbi, StreamState stream, Consumer<Notice> listener, Supplier<Moment> clock) {
        this.jdbi = jdbi;
        this.stream = stream;
        this.history = new HistoryPruner(clock);
        this.pruning = new PeriodicTask("history", listener, clock);
        this.reconciliation = new PeriodicTask("catalog", listener, clock);
    }

    void run() throws InterruptedException {
        DatabaseSession session = stream.openSession().orElse(null);
        if (session == null || !stream.isLeaseHeld()) {
            return;
        }
        pruning.attempt(() -> history.prune(session.ledger()));
        reconciliation.attempt(() -> session.reconciler().reconcileIfChanged(jdbi));
        if (reconciliation.failures() >= MOST_FAILURES && stream.isStreaming()) {
            stopCapture(session);
        }
    }

    /** What is read is routed by a catalog that is no longer the database's, so nothing may be claimed of it. */
    private void stopCapture(DatabaseSession session) {
        log.atError()
                .addKeyValue("reason", reconciliation.reason())
                .log("The catalog cannot be read: the log is not read either");
        stream.endCapture();
        DegradationWatch.degrade(session.reconciler(), reconciliation.reason());
    }
}
