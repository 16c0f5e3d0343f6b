package io.refreshd.observe;

import static io.refreshd.observe.MetricNames.word;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice.Avoided;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All series of one view. The counters stand at zero from the first moment; the gauges come with the first status, since
 * before it there is nothing true to show.
 */
final class ViewSeries {
    private final ViewId view;
    private final Supplier<Moment> clock;
    private final SeriesSet series;
    private final ByConstant<Method, Counter> refreshed;
    private final ByConstant<Method, Counter> failed;
    private final ByConstant<Avoided, Counter> avoided;
    private final Counter missed;
    private final Counter drift;

    /** Written by the aligning thread, read by any that scrapes. */
    private volatile @Nullable ViewStatus present;

    private boolean absentBefore;

    ViewSeries(MeterRegistry registry, Supplier<Moment> clock, ViewId view) {
        this.view = view;
        this.clock = clock;
        this.series = new SeriesSet(registry, MetricNames.VIEW, view.toString());
        this.refreshed = new ByConstant<>(Method.class, method -> refreshes(method, MetricNames.REFRESHED));
        this.failed = new ByConstant<>(Method.class, method -> refreshes(method, MetricNames.FAILED));
        String help = "Changes that needed no refresh of the view";
        this.avoided = new ByConstant<>(
                Avoided.class,
                reason -> series.counter(MetricNames.REFRESHES_AVOIDED, help, MetricNames.REASON, word(reason)));
        this.missed = series.counter(
                MetricNames.TARGET_LAG_MISSED, "Times the view was staler than its target lag when it became fresh");
        this.drift = series.counter(
                MetricNames.DRIFT, "Times the view differed from its definition though the ledger called it fresh");
    }

    ViewId view() {
        return view;
    }

    void refreshed(Method method) {
        refreshed.of(method).increment();
    }

    void failed(Method method) {
        failed.of(method).increment();
    }

    void avoided(Avoided reason) {
        avoided.of(reason).increment();
    }

    void missed() {
        missed.increment();
    }

    void drifted() {
        drift.increment();
    }

    void show(ViewStatus status) {
        boolean first = present == null;
        present = status;
        absentBefore = false;
        if (first) {
            addGauges();
        }
    }

    /**
     * Told that the status does not list the view. Only the second time in a row are the series taken away: a notice of a
     * view that was just met may overtake the status that lists it, and its count must not be lost.
     */
    boolean missedOut() {
        if (absentBefore) {
            series.remove();
        }
        boolean gone = absentBefore;
        absentBefore = true;
        return gone;
    }

    private Counter refreshes(Method method, String outcome) {
        return series.counter(
                MetricNames.REFRESHES,
                "Refreshes carried out, by how they ended",
                MetricNames.METHOD,
                word(method),
                MetricNames.OUTCOME,
                outcome);
    }

    private void addGauges() {
        gauge(
                MetricNames.VIEW_STALENESS,
                "Age of the oldest commit that is not in the view; 0 when it is fresh",
                v -> seconds(v.staleness(clock.get().wall())));
        gauge(
                MetricNames.VIEW_TARGET_LAG,
                "The staleness that the view shall not exceed",
                v -> seconds(v.timing().targetLag()));
        gauge(
                MetricNames.VIEW_WATERMARK_KNOWN,
                "1 if refreshd can prove how fresh the view is, else 0",
                v -> v.watermark().isPresent() ? 1 : 0);
        gauge(
                MetricNames.VIEW_LAST_REFRESH,
                "When the last refresh ended, as Unix time; 0 if there was none",
                v -> v.refreshedAt().map(at -> at.toEpochMilli() / 1e3).orElse(0.0));
        gauge(
                MetricNames.VIEW_LAST_REFRESH_DURATION,
                "What the last refresh took; 0 if there was none",
                v -> v.lastDuration().map(ViewSeries::seconds).orElse(0.0));
        gauge(
                MetricNames.VIEW_FAILURES_IN_A_ROW,
                "Refreshes that failed since the last good one",
                v -> v.failuresInARow());
        for (ViewPhase phase : ViewPhase.values()) {
            gauge(
                    MetricNames.VIEW_STATE,
                    "1 for the state the view is in, 0 for the others",
                    v -> v.phase() == phase ? 1 : 0,
                    MetricNames.STATE,
                    phase.word());
        }
    }

    private void gauge(String name, String help, Function<ViewStatus, Number> value, String... labels) {
        series.gauge(name, help, () -> presentOr(value), labels);
    }

    private Number presentOr(Function<ViewStatus, Number> value) {
        ViewStatus now = present;
        return now == null ? Double.NaN : value.apply(now);
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
