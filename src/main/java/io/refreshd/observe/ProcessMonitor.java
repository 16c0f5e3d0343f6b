package io.refreshd.observe;

import java.net.InetSocketAddress;
import java.util.Collection;

/** Observability of a process that serves one database: the HTTP server, and the metrics of process and JVM. */
public final class ProcessMonitor implements AutoCloseable {
    private final RuntimeSeries runtime;
    private final HttpServer server;

    /** @param allowedHosts names by which the address may be called, see {@link AllowedHosts} */
    public ProcessMonitor(
            InetSocketAddress address, Collection<String> allowedHosts, Monitor database, String version) {
        BuildInfo.register(database.registry(), version);
        this.runtime = new RuntimeSeries(database.registry());
        this.server = new HttpServer(address, allowedHosts, database.pages());
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
