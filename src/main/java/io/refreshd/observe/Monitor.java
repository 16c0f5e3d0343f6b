package io.refreshd.observe;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refreshd.model.Moment;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewStatus;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Observability of one daemon: wires metrics, log lines, history and the HTTP server. */
public final class Monitor implements AutoCloseable {
    /** Longest turn of the loop. A turn does no I/O; the bound is wide, since a restart does not help on a busy machine. */
    private static final Duration MAX_LOOP_TURN = Duration.ofSeconds(30);

    /** Lower bound of the silence allowed to the stream: a reconnect may lose three heartbeats of a few seconds each. */
    private static final Duration MIN_SILENCE = Duration.ofSeconds(15);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final RuntimeSeries runtime = new RuntimeSeries(registry);
    private final HttpServer server;
    private final Metrics metrics;
    private final List<Consumer<Notice>> listeners;

    /**
     * Settings from the configuration.
     *
     * @param allowedHosts names by which the address may be called, see {@link AllowedHosts}
     * @param heartbeat interval of the messages that keep an idle stream alive
     * @param labels the label of a view in metrics
     * @param notifies the views of whose changes subscribers are told
     */
    public record Settings(
            InetSocketAddress address,
            Collection<String> allowedHosts,
            Duration heartbeat,
            Function<ViewId, String> labels,
            Predicate<ViewId> notifies,
            String version) {}

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
        metrics = new Metrics(registry, status, clock, settings.labels(), settings.version());
        Duration silence = settings.heartbeat().multipliedBy(10);
        Readiness readiness = new Readiness(silence.compareTo(MIN_SILENCE) < 0 ? MIN_SILENCE : silence, MIN_SILENCE);
        RefreshHistory history = new RefreshHistory(clock);
        ViewEvents viewEvents = new ViewEvents();
        server = new HttpServer(
                settings.address(),
                settings.allowedHosts(),
                new Endpoints(
                        new Scrape(metrics, registry),
                        new Liveness(sinceLoopTurn, MAX_LOOP_TURN, deadThreads),
                        readiness,
                        status,
                        clock,
                        history),
                new ViewEventStream(
                        viewEvents,
                        () -> status.get().views().stream()
                                .map(ViewStatus::view)
                                .toList(),
                        settings.notifies()),
                error -> accept(new Notice.ErrorCaught("http", error)));
        listeners = List.of(guard(metrics), guard(new RefreshLog(clock)), guard(history), guard(viewEvents));
    }

    /** @throws HttpBindException if the address is taken or unknown */
    public void start() {
        runtime.start();
        server.start();
    }

    /** The port that the HTTP server listens on. Legal after {@link #start()}. */
    public int port() {
        return server.port();
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
        server.close();
        runtime.close();
        registry.close();
    }
}
