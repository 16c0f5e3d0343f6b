package io.refreshd.observe;

import io.micrometer.core.instrument.MeterRegistry;
import io.refreshd.model.Moment;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import io.refreshd.report.TableStatus;
import io.refreshd.report.ViewStatus;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Metrics of the daemon: counts notices, shows the status as gauges, and owns the series of all views and tables.
 *
 * <p>Thread: any. {@link #accept} is called by the threads that report, {@link #sync} by the scrapes; {@code accept} never waits for
 * {@code sync}.
 */
public final class Metrics implements Consumer<Notice> {
    private static final Logger log = LoggerFactory.getLogger(Metrics.class);

    private final MeterRegistry registry;
    private final Supplier<DaemonStatus> status;
    private final Supplier<Moment> clock;
    private final CaptureSeries capture;
    private final RefreshSeries refreshes;
    private final TroubleSeries troubles;
    private final NotificationSeries notifications;
    private final SavedTimeEstimator savings = new SavedTimeEstimator();
    private final ThrottledLog broken;
    private final AvoidedCounts avoided = new AvoidedCounts();
    private final Function<ViewId, String> labels;
    /** Cache of {@link #views} by view, since computing the label of a view matches patterns. */
    private final Map<ViewId, ViewSeries> byView = new ConcurrentHashMap<>();

    private final Map<String, ViewSeries> views = new ConcurrentHashMap<>();
    private final Map<TableId, TableSeries> tables = new ConcurrentHashMap<>();

    /**
     * Registers the series that belong to no view or table.
     *
     * @param status the current status; called at every scrape, by its thread
     * @param labels the label of a view; views with the same label share their series
     */
    public Metrics(
            MeterRegistry registry,
            Supplier<DaemonStatus> status,
            Supplier<Moment> clock,
            Function<ViewId, String> labels) {
        this.registry = registry;
        this.labels = labels;
        this.status = status;
        this.clock = clock;
        this.broken = new ThrottledLog(log, clock);
        this.capture = new CaptureSeries(registry, () -> status.get().stream(), clock);
        this.refreshes = new RefreshSeries(registry);
        this.troubles = new TroubleSeries(registry);
        this.notifications = new NotificationSeries(registry);
    }

    @Override
    public void accept(Notice notice) {
        switch (notice) {
            case Notice.RowsChanged n -> table(n.table()).changed(n.operation(), n.rows());
            case Notice.BatchRead n -> capture.read(n.records(), n.lag());
            case Notice.RefreshDone n -> {
                view(n.view()).refreshed(n);
                savings.refreshed(n.view(), n.duration());
                refreshes.done(n);
            }
            case Notice.RefreshFailed n -> {
                view(n.view()).failed(n.method());
                troubles.failed(n.failure().sqlState());
            }
            case Notice.RefreshAvoided n -> {
                long now = clock.get().nanos();
                n.views().forEach(view -> avoided.add(view, n.reason(), savings.avoided(view, n.reason(), now)));
            }
            case Notice.TargetLagMissed n -> {
                view(n.view()).missed();
                troubles.late(n.reason());
            }
            case Notice.ViewChanged n -> notifications.count(n.change().sent());
            case Notice.GapFound n -> {
                capture.gap(n.reason());
                troubles.gapFound(n.reason());
            }
            case Notice.ErrorCaught n -> troubles.errorCaught();
            case Notice.DriftFound n -> view(n.view()).drifted();
            case Notice.SlotSeen n -> capture.slot(n.retainedBytes(), n.limitBytes());
            case Notice.ViewsFound n -> {
                // The gauges take the views from the status.
            }
            case Notice.PhaseChanged n -> {
                // The gauges take the phase from the status: a phase taken from the notice could contradict it in one
                // scrape.
            }
            case Notice.ViewGone n -> {
                // Later notices of the view may still arrive, so its series are removed by sync().
            }
        }
    }

    /**
     * Creates the series of every view and table in the status, and removes those of views and tables that are gone. Called
     * before each scrape.
     */
    public synchronized void sync() {
        DaemonStatus now = status.get();
        savings.sync(now.views());
        avoided.take((view, count) -> view(view).avoided(count));
        Map<String, List<ViewStatus>> groups =
                now.views().stream().collect(java.util.stream.Collectors.groupingBy(view -> labels.apply(view.view())));
        groups.forEach((label, members) -> guarded(() -> series(label).show(members)));
        now.tables().forEach(t -> guarded(() -> table(t.table()).show(t)));
        views.values().removeIf(series -> !groups.containsKey(series.label()) && series.removeIfStillAbsent());
        byView.clear();
        var listedTables = now.tables().stream().map(TableStatus::table).collect(java.util.stream.Collectors.toSet());
        tables.values().removeIf(series -> !listedTables.contains(series.table()) && series.removeIfStillAbsent());
    }

    /** A series that cannot be made or shown is missing; the others go on. */
    void guarded(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | StackOverflowError e) {
            troubles.errorCaught();
            broken.warn("A metric could not be shown", e.getClass(), line -> line.setCause(e));
        }
    }

    /** Counts an error that must not happen. */
    void errorCaught() {
        troubles.errorCaught();
    }

    private ViewSeries view(ViewId view) {
        return byView.computeIfAbsent(view, v -> series(labels.apply(v)));
    }

    private ViewSeries series(String label) {
        return views.computeIfAbsent(label, l -> new ViewSeries(registry, clock, l));
    }

    private TableSeries table(TableId table) {
        return tables.computeIfAbsent(table, t -> new TableSeries(registry, t));
    }
}
