package io.refreshd.observe;

import static io.refreshd.observe.MetricNames.labelValue;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.report.Notice.Avoided;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * All series of one view, or of a group of views that share theirs. The counters stand at zero from the first moment; the gauges come with the first status, since
 * before it there is nothing true to show.
 */
final class ViewSeries {
    private final String label;
    private final Supplier<Moment> clock;
    private final SeriesSet series;
    private final TotalEnumMap<Method, Counter> refreshed;
    private final TotalEnumMap<Method, Counter> failed;
    private final TotalEnumMap<Avoided, Counter> avoided;
    private final Counter saved;
    private final Counter missed;
    private final Counter drift;

    /** Written by the aligning thread, read by any that scrapes. */
    private volatile List<ViewStatus> present = List.of();

    private boolean absentBefore;

    /** @param label the view's name, or what a group of views is called */
    ViewSeries(MeterRegistry registry, Supplier<Moment> clock, String label) {
        this.label = label;
        this.clock = clock;
        this.series = new SeriesSet(registry, MetricNames.VIEW, label);
        this.refreshed = new TotalEnumMap<>(Method.class, method -> refreshes(method, MetricNames.REFRESHED));
        this.failed = new TotalEnumMap<>(Method.class, method -> refreshes(method, MetricNames.FAILED));
        String help = "Changes that needed no refresh of the view";
        this.avoided = new TotalEnumMap<>(
                Avoided.class,
                reason -> series.counter(MetricNames.REFRESHES_AVOIDED, help, MetricNames.REASON, labelValue(reason)));
        this.saved = series.counter(
                MetricNames.REFRESH_SAVED, "Estimated time that refreshes would have taken which were not needed");
        this.missed = series.counter(
                MetricNames.TARGET_LAG_MISSED, "Times the view was staler than its target lag when it became fresh");
        this.drift = series.counter(
                MetricNames.DRIFT, "Times the view differed from its definition though the ledger called it fresh");
    }

    String label() {
        return label;
    }

    void refreshed(Method method) {
        refreshed.of(method).increment();
    }

    void failed(Method method) {
        failed.of(method).increment();
    }

    void avoided(AvoidedCounts.Count count) {
        count.byReason().forEach((reason, times) -> avoided.of(reason).increment(times));
        saved.increment(count.seconds());
    }

    void missed() {
        missed.increment();
    }

    void drifted() {
        drift.increment();
    }

    /** @param members at least one: the view, or all of the group */
    void show(List<ViewStatus> members) {
        boolean first = present.isEmpty();
        present = members;
        absentBefore = false;
        if (first) {
            addGauges();
        }
    }

    /**
     * Told that the status does not list the view. Only the second time in a row are the series taken away: a notice of a
     * view that was just met may overtake the status that lists it, and its count must not be lost.
     */
    boolean removeIfStillAbsent() {
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
                labelValue(method),
                MetricNames.OUTCOME,
                outcome);
    }

    /** Of a group the worst is shown, so that what is compared with a bound finds the one view that is beyond it. */
    private void addGauges() {
        gauge(
                MetricNames.VIEW_STALENESS,
                "Age of the oldest commit that is not in the view; 0 when it is fresh",
                () -> seconds(latest().staleness(clock.get().wall())));
        gauge(
                MetricNames.VIEW_TARGET_LAG,
                "The staleness that the view shall not exceed",
                () -> seconds(latest().timing().targetLag()));
        gauge(
                MetricNames.VIEW_WATERMARK_KNOWN,
                "1 if refreshd can prove how fresh the view is, else 0",
                () -> least(v -> v.watermark().isPresent() ? 1 : 0));
        gauge(
                MetricNames.VIEW_LAST_REFRESH,
                "When the last refresh ended, as Unix time; 0 if there was none",
                () -> least(
                        v -> v.refreshedAt().map(at -> at.toEpochMilli() / 1e3).orElse(0.0)));
        gauge(
                MetricNames.VIEW_LAST_REFRESH_DURATION,
                "What the last refresh took; 0 if there was none",
                () -> most(v -> v.lastDuration().map(ViewSeries::seconds).orElse(0.0)));
        gauge(
                MetricNames.VIEW_NEVER_REFRESHED,
                "Views that wait for their first refresh: 1 or 0, or how many of a group",
                () -> present.stream().filter(ViewSeries::awaitsItsFirst).count());
        gauge(
                MetricNames.VIEW_FAILURES_IN_A_ROW,
                "Refreshes that failed since the last good one",
                () -> most(ViewStatus::failuresInARow));
        for (ViewPhase phase : ViewPhase.values()) {
            gauge(
                    MetricNames.VIEW_STATE,
                    "1 for the state the view is in, 0 for the others, or how many of a group",
                    () -> present.stream().filter(v -> v.phase() == phase).count(),
                    MetricNames.STATE,
                    phase.word());
        }
    }

    private void gauge(String name, String help, Supplier<Number> value, String... labels) {
        series.gauge(name, help, value, labels);
    }

    /** The one that has used most of its target lag; what somebody paused is as stale as it was meant to be. */
    private ViewStatus latest() {
        var now = clock.get().wall();
        List<ViewStatus> members = present;
        List<ViewStatus> kept =
                members.stream().filter(v -> v.phase() != ViewPhase.PAUSED).toList();
        return (kept.isEmpty() ? members : kept)
                .stream()
                        .max(Comparator.comparingDouble(v -> seconds(v.staleness(now))
                                / Math.max(1e-3, seconds(v.timing().targetLag()))))
                        .orElseThrow();
    }

    private static boolean awaitsItsFirst(ViewStatus view) {
        return view.refreshedAt().isEmpty()
                && switch (view.phase()) {
                    case DIRTY, REFRESHING, BACKING_OFF -> true;
                    // The latter have a reason of their own, which is shown as such.
                    case FRESH, SUSPENDED, BLOCKED, PAUSED -> false;
                };
    }

    private double least(ToDoubleFunction<ViewStatus> value) {
        return present.stream().mapToDouble(value).min().orElse(Double.NaN);
    }

    private double most(ToDoubleFunction<ViewStatus> value) {
        return present.stream().mapToDouble(value).max().orElse(Double.NaN);
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
