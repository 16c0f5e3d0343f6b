package io.refreshd.demo;

import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * The daemon as the demo uses it. A test puts another one in its place.
 *
 * <p>Thread: listeners are added before {@link #start()}; {@link #status()} may be called from any thread.
 */
interface DemoDaemon extends AutoCloseable {

    /** Creates a daemon from a configuration file. The daemon is not started. */
    @FunctionalInterface
    interface Factory {
        DemoDaemon of(Path configuration) throws Exception;
    }

    void addListener(Consumer<Notice> listener);

    /** Blocks until the daemon streams. */
    void start() throws Exception;

    DaemonStatus status();

    /** Drains and releases everything. Does nothing the second time. */
    @Override
    void close();
}
