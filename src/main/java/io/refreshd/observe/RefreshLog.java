package io.refreshd.observe;

import io.refreshd.model.Confidential;
import io.refreshd.model.Failure;
import io.refreshd.model.Moment;
import io.refreshd.model.Recomputed;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Writes notices to the log: a line for each refresh, warnings with their repetitions held back, and the end of each failure.
 * Notices that come with every change or every tick are not written.
 *
 * <p>Thread: any; the loop, the capture and the supervisor report here.
 */
public final class RefreshLog implements Consumer<Notice> {
    private static final Logger log = LoggerFactory.getLogger(RefreshLog.class);

    /** By view. Forgotten when the view recovers, so apart from {@link #warnings}, which a recovery does not end. */
    private final ThrottledLog failures;

    private final ThrottledLog warnings;

    /** The views whose last refresh failed. */
    private final Set<ViewId> failing = new HashSet<>();

    public RefreshLog(Supplier<Moment> clock) {
        this.failures = new ThrottledLog(log, clock);
        this.warnings = new ThrottledLog(log, clock);
    }

    @Override
    public synchronized void accept(Notice notice) {
        switch (notice) {
            case Notice.RefreshDone n -> done(n);
            case Notice.RefreshFailed n -> failed(n);
            case Notice.PhaseChanged n -> phase(n);
            case Notice.TargetLagMissed n -> missed(n);
            case Notice.GapFound n ->
                warnings.warn(
                        "Gap in the stream: changes may have passed unseen, so views are refreshed to be sure",
                        n.reason(),
                        line -> line.addKeyValue("reason", n.reason()));
            case Notice.DriftFound n -> drift(n);
            case Notice.ViewsFound n -> found(n);
            case Notice.ViewGone n -> failing.remove(n.view());
            case Notice.ErrorCaught n ->
                warnings.warn(
                        "An error that must not happen; refreshd goes on",
                        n.where() + ' ' + n.error().getClass(),
                        line -> line.addKeyValue("where", n.where()).setCause(n.error()));
            case Notice.RowsChanged n -> {}
            case Notice.ViewChanged n -> {}
            case Notice.BatchRead n -> {}
            case Notice.RefreshAvoided n -> {}
            case Notice.SlotSeen n -> {}
        }
    }

    private static void found(Notice.ViewsFound n) {
        if (n.views() == 0) {
            log.atWarn()
                    .addKeyValue("include", n.include())
                    .log("No materialized view matches views.include: nothing to do until the first one appears");
        } else {
            log.atInfo().addKeyValue("views", n.views()).log("Materialized views found");
        }
    }

    private void done(Notice.RefreshDone n) {
        if (failing.remove(n.view())) {
            failures.over(n.view());
            log.atInfo().addKeyValue("view", n.view()).log("View recovered");
        }
        LoggingEventBuilder line = log.atInfo()
                .addKeyValue("view", n.view())
                .addKeyValue("method", MetricNames.labelValue(n.method()))
                .addKeyValue("duration", new LoggedDuration(n.duration()));
        if (n.rowsChanged().isPresent()) {
            line = line.addKeyValue("rows", n.rowsChanged().get());
        }
        if (n.recomputed().isPresent()) {
            Recomputed what = n.recomputed().get();
            line = what.everything().isPresent()
                    ? line.addKeyValue("everything", what.everything().get())
                    : line.addKeyValue("keys", what.keys());
        }
        if (n.commitToVisible().isPresent()) {
            line = line.addKeyValue(
                    "lag", new LoggedDuration(n.commitToVisible().get()));
        }
        line.log("View refreshed");
    }

    private void failed(Notice.RefreshFailed n) {
        failing.add(n.view());
        failures.warn(
                "Refresh failed",
                n.view(),
                line -> withRemedy(line, n.failure())
                        .addKeyValue("view", n.view())
                        .addKeyValue("method", MetricNames.labelValue(n.method()))
                        .addKeyValue("sqlstate", n.failure().sqlState())
                        .addKeyValue("failures", n.inARow())
                        .addKeyValue("reason", n.failure().what()));
    }

    private void phase(Notice.PhaseChanged n) {
        if (n.to() == ViewPhase.SUSPENDED) {
            failures.warn(
                    "View suspended: it is not refreshed until the cause is removed",
                    n.view(),
                    line -> withReason(line.addKeyValue("view", n.view()), n));
        } else if (n.to() == ViewPhase.PAUSED) {
            about(n).log("View paused");
        } else if (n.to() == ViewPhase.BLOCKED) {
            about(n).log("View blocked: it stands on one that is suspended");
        } else if (n.to() == ViewPhase.WAITING) {
            about(n).log("View waits for its window");
        } else {
            leaving(n);
        }
    }

    private void leaving(Notice.PhaseChanged n) {
        switch (n.from()) {
            case SUSPENDED -> about(n).log("View no longer suspended");
            case PAUSED -> about(n).log("View resumed");
            case BLOCKED -> about(n).log("View no longer blocked");
            case FRESH, DIRTY, REFRESHING, BACKING_OFF, UNTRACKED, WAITING -> {}
        }
    }

    private void missed(Notice.TargetLagMissed n) {
        warnings.warn(
                "Target lag missed",
                n.view(),
                line -> line.addKeyValue("view", n.view())
                        .addKeyValue("staleness", new LoggedDuration(n.staleness()))
                        .addKeyValue("target", new LoggedDuration(n.target()))
                        .addKeyValue("reason", n.reason().words()));
    }

    /** No repetition is held back: drift is a fault of refreshd, and each line has other keys in it. */
    private static void drift(Notice.DriftFound n) {
        log.atError()
                .addKeyValue("view", n.view())
                .addKeyValue("missing", n.missing())
                .addKeyValue("surplus", n.surplus())
                .addKeyValue("snapshot", n.snapshot())
                .addKeyValue("position", n.position())
                .addKeyValue("watermark", n.watermark().map(Object::toString).orElse("none"))
                .addKeyValue("keys", new Confidential(n.keys().toString()))
                .log(
                        "View differs from its definition though the ledger calls it fresh: please report this; it is refreshed");
    }

    private static LoggingEventBuilder about(Notice.PhaseChanged n) {
        return withReason(log.atInfo().addKeyValue("view", n.view()), n);
    }

    private static LoggingEventBuilder withReason(LoggingEventBuilder line, Notice.PhaseChanged n) {
        return n.why()
                .map(why -> line.addKeyValue("reason", why.what()).addKeyValue("remedy", why.remedy()))
                .orElse(line);
    }

    private static LoggingEventBuilder withRemedy(LoggingEventBuilder line, Failure failure) {
        LoggingEventBuilder said = failure.said().isEmpty() ? line : line.addKeyValue("serverMessage", failure.said());
        return failure.remedy().isEmpty() ? said : said.addKeyValue("remedy", failure.remedy());
    }
}
