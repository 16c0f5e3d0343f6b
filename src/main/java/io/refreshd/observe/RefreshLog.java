package io.refreshd.observe;

import io.refreshd.model.Failure;
import io.refreshd.model.Moment;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import java.time.Duration;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Writes notices to the log: a line for each refresh, the first of several failures, the end of each trouble. What comes
 * with every change or every tick is not written at all. Called by the loop's thread only.
 */
public final class RefreshLog implements Consumer<Notice> {
    private static final Logger log = LoggerFactory.getLogger(RefreshLog.class);

    /** Short enough to show that a trouble lasts, long enough not to bury everything else. */
    private static final Duration REPEAT_AFTER = Duration.ofMinutes(1);

    private final Supplier<Moment> clock;
    private final RepeatLimit limit = new RepeatLimit(REPEAT_AFTER);

    /** The views whose last refresh failed. */
    private final Set<ViewId> failing = new HashSet<>();

    public RefreshLog(Supplier<Moment> clock) {
        this.clock = clock;
    }

    /** Called by the loop, the capture and the supervisor. */
    @Override
    public synchronized void accept(Notice notice) {
        switch (notice) {
            case Notice.RefreshDone n -> done(n);
            case Notice.RefreshFailed n -> failed(n);
            case Notice.PhaseChanged n -> phase(n);
            case Notice.TargetLagMissed n -> missed(n);
            case Notice.GapFound n ->
                limited(Level.WARN, new Kind("gap", n.reason()))
                        .addKeyValue("reason", n.reason())
                        .log("Gap in the stream: changes may have passed unseen, so views are refreshed to be sure");
            case Notice.DriftFound n -> drift(n);
            case Notice.ViewsFound n -> found(n);
            case Notice.ViewGone n -> failing.remove(n.view());
            case Notice.RowsChanged n -> {}
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
            log.atInfo().addKeyValue("views", n.views()).log("Views are looked after");
        }
    }

    private void done(Notice.RefreshDone n) {
        if (failing.remove(n.view())) {
            limit.forget(new Kind("failed", n.view()));
            limit.forget(new Kind("suspended", n.view()));
            log.atInfo().addKeyValue("view", n.view()).log("View recovered");
        }
        LoggingEventBuilder line = log.atInfo()
                .addKeyValue("view", n.view())
                .addKeyValue("method", MetricNames.word(n.method()))
                .addKeyValue("duration", new Span(n.duration()));
        if (n.rowsChanged().isPresent()) {
            line = line.addKeyValue("rows", n.rowsChanged().get());
        }
        if (n.commitToVisible().isPresent()) {
            line = line.addKeyValue("lag", new Span(n.commitToVisible().get()));
        }
        line.log("View refreshed");
    }

    private void failed(Notice.RefreshFailed n) {
        failing.add(n.view());
        withMend(limited(Level.WARN, new Kind("failed", n.view())), n.failure())
                .addKeyValue("view", n.view())
                .addKeyValue("method", MetricNames.word(n.method()))
                .addKeyValue("sqlstate", n.failure().sqlState())
                .addKeyValue("failures", n.inARow())
                .addKeyValue("reason", n.failure().what())
                .log("Refresh failed");
    }

    private void phase(Notice.PhaseChanged n) {
        if (n.to() == ViewPhase.SUSPENDED) {
            why(limited(Level.WARN, new Kind("suspended", n.view())).addKeyValue("view", n.view()), n)
                    .log("View suspended: it is not refreshed until that is mended");
        } else if (n.to() == ViewPhase.PAUSED) {
            about(n).log("View paused");
        } else if (n.to() == ViewPhase.BLOCKED) {
            about(n).log("View blocked: it stands on one that is suspended");
        } else {
            left(n);
        }
    }

    private void left(Notice.PhaseChanged n) {
        switch (n.from()) {
            case SUSPENDED -> about(n).log("View no longer suspended");
            case PAUSED -> about(n).log("View resumed");
            case BLOCKED -> about(n).log("View no longer blocked");
            case FRESH, DIRTY, REFRESHING, BACKING_OFF -> {}
        }
    }

    private void missed(Notice.TargetLagMissed n) {
        limited(Level.WARN, new Kind("missed", n.view()))
                .addKeyValue("view", n.view())
                .addKeyValue("staleness", new Span(n.staleness()))
                .addKeyValue("target", new Span(n.target()))
                .addKeyValue("reason", n.reason().words())
                .log("Target lag missed");
    }

    /** Never held back: there should be none, and each names what the others do not. */
    private static void drift(Notice.DriftFound n) {
        log.atError()
                .addKeyValue("view", n.view())
                .addKeyValue("missing", n.missing())
                .addKeyValue("surplus", n.surplus())
                .addKeyValue("snapshot", n.snapshot())
                .addKeyValue("position", n.position())
                .addKeyValue("watermark", n.watermark().map(Object::toString).orElse("none"))
                .addKeyValue("keys", n.keys())
                .log(
                        "View differs from its definition though the ledger calls it fresh: please report this; it is refreshed");
    }

    private static LoggingEventBuilder about(Notice.PhaseChanged n) {
        return why(log.atInfo().addKeyValue("view", n.view()), n);
    }

    private static LoggingEventBuilder why(LoggingEventBuilder line, Notice.PhaseChanged n) {
        return n.why()
                .map(why -> line.addKeyValue("reason", why.what()).addKeyValue("remedy", why.remedy()))
                .orElse(line);
    }

    private static LoggingEventBuilder withMend(LoggingEventBuilder line, Failure failure) {
        return failure.remedy().isEmpty() ? line : line.addKeyValue("remedy", failure.remedy());
    }

    /** A line at this level, or one that goes nowhere if its like was written a moment ago. */
    private LoggingEventBuilder limited(Level level, Kind kind) {
        OptionalLong heldBack = limit.admit(kind, clock.get().nanos());
        if (heldBack.isEmpty()) {
            return org.slf4j.spi.NOPLoggingEventBuilder.singleton();
        }
        LoggingEventBuilder line = log.atLevel(level);
        return heldBack.getAsLong() == 0 ? line : line.addKeyValue("heldBack", heldBack.getAsLong());
    }

    private record Kind(String what, Object whom) {}
}
