package io.refreshd.daemon;

import io.refreshd.config.Configuration;
import io.refreshd.config.HttpSettings;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.observe.LogValues;
import io.refreshd.observe.ProcessMonitor;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import io.refreshd.stream.StartPermits;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;

/**
 * The process that serves one database. HTTP begins first and ends last, so that an orchestrator sees the daemon wait. {@code fleet.Fleet}
 * serves several.
 */
public final class Daemon implements AutoCloseable {
    /** Exit code of a daemon that ended itself (docs/exit-codes.md). */
    private static final int INTERNAL_ERROR = 5;

    private final DatabaseUnit unit;
    private final ProcessMonitor monitor;
    private final CompletableFuture<Void> httpEnded = new CompletableFuture<>();
    private boolean closed;

    public Daemon(Configuration configuration) {
        this(configuration, RoleViewController.INTERVAL);
    }

    /** @param rolesInterval how often role views are reconciled though no change of a role was read from the log */
    public Daemon(Configuration configuration, Duration rolesInterval) {
        LogValues.show(configuration.log().values());
        HttpSettings http = configuration.http();
        this.unit = new DatabaseUnit(configuration, Optional.empty(), rolesInterval, StartPermits.UNBOUNDED);
        this.monitor = ProcessMonitor.ofOne(
                new InetSocketAddress(http.host(), http.port()),
                http.allowedHosts(),
                unit.monitor(),
                Version.current());
    }

    /** Only before {@link #start()}. A listener is called on the daemon's own threads and must be quick. */
    public void addListener(Consumer<Notice> listener) {
        unit.addListener(listener);
    }

    /**
     * Returns once the daemon streams. Whatever may pass by itself is waited for, as long as it takes.
     *
     * @throws PrerequisitesMissingException if somebody has to change something in the database first
     * @throws InternalErrorException if the daemon ended itself
     */
    public void start() throws PrerequisitesMissingException, InterruptedException {
        monitor.start();
        // What no thread of refreshd or of a library has caught.
        Thread.setDefaultUncaughtExceptionHandler(
                (thread, problem) -> unit.accept(new Notice.ErrorCaught(thread.getName(), problem)));
        unit.begin();
        unit.awaitStreaming();
    }

    /** The port that HTTP listens on; after {@link #start()} has been called. */
    public int httpPort() {
        return monitor.port();
    }

    public DaemonStatus status() {
        return unit.status();
    }

    /** Blocks until the daemon has ended. @return 0 if it was closed, otherwise the exit code of an internal error */
    public int awaitEnd() throws InterruptedException {
        try {
            if (unit.ended().get().isPresent()) {
                return INTERNAL_ERROR;
            }
            httpEnded.get();
            return 0;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        unit.close();
        monitor.close();
        httpEnded.complete(null);
    }
}
