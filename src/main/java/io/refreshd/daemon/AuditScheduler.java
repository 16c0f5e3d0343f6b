package io.refreshd.daemon;

import io.refreshd.audit.Audit;
import io.refreshd.audit.AuditReport;
import io.refreshd.audit.Verdict;
import io.refreshd.model.Confidential;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Schedules the background audit: compares one fresh view after the other with its definition. Changes nothing; what follows from
 * drift is decided by the callback.
 *
 * <p>Thread: a thread of its own, {@code refreshd-audit}.
 */
final class AuditScheduler implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(AuditScheduler.class);

    private final Audit audit;
    private final Supplier<Collection<ViewId>> fresh;
    private final Consumer<AuditReport> onDrift;
    private final Consumer<Notice> listener;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("refreshd-audit").factory());

    private volatile @Nullable Future<?> timer;

    /** The view that was audited last. Touched by the audit thread alone. */
    private @Nullable ViewId last;

    /**
     * @param fresh the views that are fresh now; the other views are known to differ from their definition
     * @param onDrift called on the audit thread
     * @param listener hears of errors that must not happen; throws nothing
     */
    AuditScheduler(
            Audit audit, Supplier<Collection<ViewId>> fresh, Consumer<AuditReport> onDrift, Consumer<Notice> listener) {
        this.listener = listener;
        this.audit = audit;
        this.fresh = fresh;
        this.onDrift = onDrift;
    }

    /** @param interval between the end of one audit and the beginning of the next, so that slow ones do not pile up */
    void start(Duration interval) {
        timer = thread.scheduleWithFixedDelay(
                this::next, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Whether the timer has ended though nobody closed it. */
    boolean isDead() {
        Future<?> started = timer;
        return started != null && started.isDone() && !thread.isShutdown();
    }

    private void next() {
        try {
            auditNext();
        } catch (RuntimeException | Error e) {
            // Thrown on, it would end the timer, and no view would be audited again.
            listener.accept(new Notice.ErrorCaught("refreshd-audit", e));
        }
    }

    private void auditNext() {
        TreeSet<ViewId> candidates = new TreeSet<>(fresh.get());
        if (candidates.isEmpty()) {
            return;
        }
        ViewId after = last == null ? null : candidates.higher(last);
        ViewId view = after == null ? candidates.first() : after;
        last = view;
        try {
            AuditReport report = audit.audit(view);
            if (report.verdict() == Verdict.DRIFT) {
                onDrift.accept(report);
            } else if (report.verdict() == Verdict.FAILED) {
                log.atDebug()
                        .addKeyValue("view", view)
                        .addKeyValue("serverMessage", new Confidential(report.detail()))
                        .log("Not audited");
            }
        } catch (SQLException | JdbiException e) {
            // The supervisor logs what is wrong with the database.
            log.atDebug().addKeyValue("view", view).setCause(e).log("Not audited");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | StackOverflowError e) {
            log.atWarn().addKeyValue("view", view).setCause(e).log("The audit of a view broke; the others go on");
            listener.accept(new Notice.ErrorCaught("refreshd-audit", e));
        }
    }

    /** A comparison that runs is not waited for: it changes nothing. */
    @Override
    public void close() {
        thread.shutdownNow();
    }
}
