package io.refreshd.observe;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refreshd.model.Moment;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/**
 * Observability of a process: the HTTP server, and the metrics of process and JVM. With several databases also what concerns all of them;
 * each has the pages of a process of its own below {@code /databases/NAME/}.
 */
public final class ProcessMonitor implements AutoCloseable {
    private final RuntimeSeries runtime;
    private final HttpServer server;

    private ProcessMonitor(PrometheusMeterRegistry registry, HttpServer server, String version) {
        BuildInfo.register(registry, version);
        this.runtime = new RuntimeSeries(registry);
        this.server = server;
    }

    /** @param allowedHosts names by which the address may be called, see {@link AllowedHosts} */
    public static ProcessMonitor ofOne(
            InetSocketAddress address, Collection<String> allowedHosts, Monitor database, String version) {
        return new ProcessMonitor(
                database.registry(), new HttpServer(address, allowedHosts, database.pages()), version);
    }

    public static ProcessMonitor ofSeveral(
            InetSocketAddress address,
            Collection<String> allowedHosts,
            ServedDatabases databases,
            Supplier<Moment> clock,
            String version) {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        new DatabaseSeries(registry, databases::all);
        Pages pages = new Pages(
                new FleetEndpoints(databases, () -> clock.get().wall(), new FleetScrape(registry, databases::all)));
        HttpServer server = new HttpServer(address, allowedHosts, path -> locate(path, databases.all(), pages));
        return new ProcessMonitor(registry, server, version);
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
    }
}
