package io.refreshd.observe;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refreshd.model.Moment;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** All that shows the daemon to the world, put together: metrics, log lines and the HTTP server that serves them. */
public final class Monitor implements AutoCloseable {
    /** The loop only ever waits for its next event, so this is long; a restart is no remedy for a busy machine. */
    private static final Duration LOOP_BOUND = Duration.ofSeconds(30);

    /** Heartbeats come every few seconds at most; three of them may be lost in a reconnect. */
    private static final Duration LEAST_SILENCE = Duration.ofSeconds(15);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final RuntimeSeries runtime = new RuntimeSeries(registry);
    private final HttpServer server;
    private final List<Consumer<Notice>> listeners;

    /**
     * What it is told by the configuration.
     *
     * @param heartbeat how often a message comes through the stream when nothing else does
     * @param labels the label of a view in metrics
     */
    public record Settings(
            InetSocketAddress address, Duration heartbeat, Function<ViewId, String> labels, String version) {}

    /** @param sinceLoopTurn how long the loop has not come round */
    public Monitor(
            Settings settings,
            Supplier<DaemonStatus> status,
            Supplier<Moment> clock,
            Supplier<Duration> sinceLoopTurn) {
        Metrics metrics = new Metrics(registry, status, clock, settings.labels(), settings.version());
        Duration silence = settings.heartbeat().multipliedBy(10);
        Readiness readiness =
                new Readiness(silence.compareTo(LEAST_SILENCE) < 0 ? LEAST_SILENCE : silence, LEAST_SILENCE);
        RefreshHistory history = new RefreshHistory(clock);
        server = new HttpServer(
                settings.address(),
                new Endpoints(
                        new Scrape(metrics, registry),
                        new Liveness(sinceLoopTurn, LOOP_BOUND),
                        readiness,
                        status,
                        clock,
                        history));
        listeners = List.of(metrics, new RefreshLog(clock), history);
    }

    /** @throws HttpBindException if the address cannot be had */
    public void start() {
        runtime.start();
        server.start();
    }

    /** Where it listens; after {@link #start()}. */
    public int port() {
        return server.port();
    }

    /** Takes every notice to the metrics and to the log. */
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
