package io.refreshd.observe;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refreshd.model.Moment;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/**
 * Observability of a process that serves several databases: the HTTP server, the metrics of process and JVM, and what concerns all
 * databases. Each database has the pages of a process of its own below {@code /databases/NAME/}.
 */
public final class FleetMonitor implements AutoCloseable {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final RuntimeSeries runtime = new RuntimeSeries(registry);
    private final HttpServer server;

    /**
     * @param databases all that are configured, always under the same names; called by each request
     * @param stuck why the process should be started again; empty if it should not
     */
    public FleetMonitor(
            InetSocketAddress address,
            Collection<String> allowedHosts,
            Supplier<List<ServedDatabase>> databases,
            Supplier<List<String>> stuck,
            Supplier<Moment> clock,
            String version) {
        BuildInfo.register(registry, version);
        new DatabaseSeries(registry, databases);
        Pages pages = new Pages(
                new FleetEndpoints(databases, stuck, () -> clock.get().wall(), new FleetScrape(registry, databases)));
        server = new HttpServer(address, allowedHosts, path -> locate(path, databases.get(), pages));
    }

    private static HttpServer.Located locate(String path, List<ServedDatabase> databases, Pages all) {
        for (ServedDatabase database : databases) {
            String below = FleetEndpoints.DATABASES + database.name();
            if (database.monitor().isPresent() && path.startsWith(below + "/")) {
                return new HttpServer.Located(database.monitor().get().pages(), path.substring(below.length()));
            }
        }
        return new HttpServer.Located(all, path);
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

    @Override
    public void close() {
        server.close();
        runtime.close();
        registry.close();
    }
}
