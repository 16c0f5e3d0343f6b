package io.refreshd.observe;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refreshd.model.Moment;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Observability of one database: wires metrics, log lines, history and pages. {@link ProcessMonitor} serves them. */
public final class Monitor implements AutoCloseable {
    /** Longest turn of the loop. A turn does no I/O; the bound is wide, since a restart does not help on a busy machine. */
    private static final Duration MAX_LOOP_TURN = Duration.ofSeconds(30);

    /** Lower bound of the silence allowed to the stream: a reconnect may lose three heartbeats of a few seconds each. */
    private static final Duration MIN_SILENCE = Duration.ofSeconds(15);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Metrics metrics;
    private final Liveness liveness;
    private final Readiness readiness;
    private final Supplier<DaemonStatus> status;
    private final Pages pages;
    private final List<Consumer<Notice>> listeners;

    /**
     * Settings from the configuration.
     *
     * @param database the label of all series; empty if the daemon serves one database
     * @param heartbeat interval of the messages that keep an idle stream alive
     * @param labels the label of a view in metrics
     * @param notifies the views of whose changes subscribers are told
     */
    public record Settings(
            Optional<String> database,
            Duration heartbeat,
            Function<ViewId, String> labels,
            Predicate<ViewId> notifies) {}

    /**
     * @param sinceLoopTurn time since the loop last completed a turn
     * @param deadThreads names of the threads that have ended and should not have
     */
    public Monitor(
            Settings settings,
            Supplier<DaemonStatus> status,
            Supplier<Moment> clock,
            Supplier<Duration> sinceLoopTurn,
            Supplier<List<String>> deadThreads) {
        settings.database().ifPresent(name -> registry.config().commonTags(MetricNames.DATABASE, name));
        this.status = status;
        metrics = new Metrics(registry, status, clock, settings.labels());
        Duration silence = settings.heartbeat().multipliedBy(10);
        readiness = new Readiness(silence.compareTo(MIN_SILENCE) < 0 ? MIN_SILENCE : silence, MIN_SILENCE);
        liveness = new Liveness(sinceLoopTurn, MAX_LOOP_TURN, deadThreads);
        RefreshHistory history = new RefreshHistory(clock);
        ViewEvents viewEvents = new ViewEvents();
        pages = new Pages(
                new Endpoints(new Scrape(metrics, registry), liveness, readiness, status, clock, history),
                new ViewEventStream(
                        viewEvents,
                        () -> status.get().views().stream()
                                .map(ViewStatus::view)
                                .toList(),
                        settings.notifies(),
                        () -> clock.get().nanos()),
                error -> accept(new Notice.ErrorCaught("http", error)));
        listeners = List.of(guard(metrics), guard(new RefreshLog(clock)), guard(history), guard(viewEvents));
    }

    Pages pages() {
        return pages;
    }

    PrometheusMeterRegistry registry() {
        return registry;
    }

    Metrics metrics() {
        return metrics;
    }

    DaemonStatus status() {
        return status.get();
    }

    /** Why views may be staler than their target lag; not every reason makes the database unready. */
    List<String> reasonsAgainst(Instant now) {
        return readiness.reasonsAgainst(status.get(), now);
    }

    boolean isReady(Instant now) {
        return readiness.isReady(status.get(), now);
    }

    /** What has stopped for good: only another beginning helps. */
    public List<String> stuck() {
        return liveness.reasonsAgainst();
    }

    /** A listener whose failures are logged and counted, and reach nobody who reports. */
    public Consumer<Notice> guard(Consumer<Notice> listener) {
        return new ListenerGuard(listener, metrics::errorCaught);
    }

    /** Passes the notice to metrics, log and history. Throws nothing. */
    public void accept(Notice notice) {
        listeners.forEach(listener -> listener.accept(notice));
    }

    @Override
    public void close() {
        registry.close();
    }
}
