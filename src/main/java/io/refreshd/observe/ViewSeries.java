package io.refreshd.observe;

import static io.refreshd.observe.MetricNames.labelValue;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.report.Notice;
import io.refreshd.report.Notice.Avoided;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Metric series of one view, or of a group of views with the same label. Counters are registered at zero at once; gauges are registered
 * with the first status, since there is no true value before it.
 */
final class ViewSeries {
    private final String label;
    private final Supplier<Moment> clock;
    private final SeriesSet series;
    private final Map<Method, Counter> refreshed = new ConcurrentHashMap<>();
    private final Map<Method, Counter> failed = new ConcurrentHashMap<>();
    private final TotalEnumMap<Avoided, Counter> avoided;
    private final Counter saved;
    private final Counter missed;
    private final Counter drift;

    /** Written by {@link Metrics#sync}, read by every scrape. */
    private volatile List<ViewStatus> present = List.of();

    /** Series of rounds; null while no view of the group is incremental. */
    private @Nullable RoundSeries rounds;

    private boolean absentBefore;

    /** @param label the view's name, or the name of the group */
    ViewSeries(MeterRegistry registry, Supplier<Moment> clock, String label) {
        this.label = label;
        this.clock = clock;
        this.series = new SeriesSet(registry, MetricNames.VIEW, label);
        addRefreshes(Method.CONCURRENT);
        addRefreshes(Method.PLAIN);
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

    void refreshed(Notice.RefreshDone refresh) {
        counter(refreshed, refresh.method(), MetricNames.REFRESHED).increment();
        refresh.recomputed().ifPresent(what -> rounds().done(what, refresh.rowsChanged()));
    }

    void failed(Method method) {
        counter(failed, method, MetricNames.FAILED).increment();
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

    /** @param members the view, or all views of the group; at least one */
    void show(List<ViewStatus> members) {
        boolean first = present.isEmpty();
        present = members;
        if (members.stream().anyMatch(view -> view.method() == Method.INCREMENTAL)) {
            addRefreshes(Method.INCREMENTAL);
            rounds();
        }
        absentBefore = false;
        if (first) {
            addGauges();
        }
    }

    /**
     * Called when the status does not list the view: removes the series if the status before did not either.
     *
     * <p>Invariant: one absence does not remove them, since the first notice of a new view may overtake the status that lists the
     * view, and its count must not be lost.
     *
     * @return whether the series were removed
     */
    boolean removeIfStillAbsent() {
        if (absentBefore) {
            series.remove();
        }
        boolean gone = absentBefore;
        absentBefore = true;
        return gone;
    }

    private synchronized RoundSeries rounds() {
        RoundSeries present = rounds;
        if (present == null) {
            present = new RoundSeries(series);
            rounds = present;
        }
        return present;
    }

    /** Few views are incremental, so the others have no series for it. */
    private void addRefreshes(Method method) {
        counter(refreshed, method, MetricNames.REFRESHED);
        counter(failed, method, MetricNames.FAILED);
    }

    private Counter counter(Map<Method, Counter> counters, Method method, String outcome) {
        return counters.computeIfAbsent(method, present -> refreshes(present, outcome));
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

    /** The gauges of a group show its worst view, so that an alert on a bound fires if one view exceeds it. */
    private void addGauges() {
        gauge(
                MetricNames.VIEW_STALENESS,
                "Age of the oldest commit that is not in the view; 0 when it is fresh",
                () -> seconds(stalest().staleness(clock.get().wall())));
        gauge(
                MetricNames.VIEW_TARGET_LAG,
                "The staleness that the view shall not exceed",
                () -> seconds(stalest().timing().targetLag()));
        gauge(
                MetricNames.VIEW_WATERMARK_KNOWN,
                "1 if refreshd can prove how fresh the view is, else 0",
                () -> lowest(v -> v.watermark().isPresent() ? 1 : 0));
        gauge(
                MetricNames.VIEW_LAST_REFRESH,
                "When the last refresh ended, as Unix time; 0 if there was none",
                () -> lowest(
                        v -> v.refreshedAt().map(at -> at.toEpochMilli() / 1e3).orElse(0.0)));
        gauge(
                MetricNames.VIEW_LAST_REFRESH_DURATION,
                "What the last refresh took; 0 if there was none",
                () -> highest(v -> v.lastDuration().map(ViewSeries::seconds).orElse(0.0)));
        gauge(
                MetricNames.VIEW_NEVER_REFRESHED,
                "Views that wait for their first refresh: 1 or 0, or how many of a group",
                () -> present.stream().filter(ViewSeries::awaitsFirstRefresh).count());
        gauge(
                MetricNames.VIEW_FAILURES_IN_A_ROW,
                "Refreshes that failed since the last good one",
                () -> highest(ViewStatus::failuresInARow));
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

    /** The view that has used most of its target lag. Views that are paused or wait for their window count only if all do. */
    private ViewStatus stalest() {
        var now = clock.get().wall();
        List<ViewStatus> members = present;
        List<ViewStatus> kept =
                members.stream().filter(v -> !v.phase().isStaleByOrder()).toList();
        return (kept.isEmpty() ? members : kept)
                .stream()
                        .max(Comparator.comparingDouble(v -> seconds(v.staleness(now))
                                / Math.max(1e-3, seconds(v.timing().targetLag()))))
                        .orElseThrow();
    }

    private static boolean awaitsFirstRefresh(ViewStatus view) {
        return view.refreshedAt().isEmpty()
                && switch (view.phase()) {
                    case DIRTY, REFRESHING, BACKING_OFF -> true;
                    // The others are not waiting for a refresh, or for a window first; the state says why.
                    case FRESH, UNTRACKED, SUSPENDED, BLOCKED, PAUSED, WAITING -> false;
                };
    }

    private double lowest(ToDoubleFunction<ViewStatus> value) {
        return present.stream().mapToDouble(value).min().orElse(Double.NaN);
    }

    private double highest(ToDoubleFunction<ViewStatus> value) {
        return present.stream().mapToDouble(value).max().orElse(Double.NaN);
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
