package io.refreshd.demo;

import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * The daemon as the demo sees it. Listeners are added before {@link #start()}; {@link #status()} may be called from any
 * thread.
 */
interface DaemonUnderDemo extends AutoCloseable {

    /** Makes a daemon, not yet started, out of a configuration file. */
    @FunctionalInterface
    interface Factory {
        DaemonUnderDemo of(Path configuration) throws Exception;
    }

    void addListener(Consumer<Notice> listener);

    /** Blocks until the daemon streams. */
    void start() throws Exception;

    DaemonStatus status();

    /** Drains, and gives everything back; does nothing the second time. */
    @Override
    void close();
}
