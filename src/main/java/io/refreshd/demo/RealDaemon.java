package io.refreshd.demo;

import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import java.nio.file.Path;
import java.util.function.Consumer;

/** The daemon itself, configured the way {@code refreshd run} is. */
final class RealDaemon implements DaemonUnderDemo {
    static DaemonUnderDemo of(Path configuration) {
        throw new UnsupportedOperationException("this build has no daemon to read " + configuration);
    }

    private RealDaemon() {}

    @Override
    public void addListener(Consumer<Notice> listener) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void start() {
        throw new UnsupportedOperationException();
    }

    @Override
    public DaemonStatus status() {
        return DaemonStatus.STARTING;
    }

    @Override
    public void close() {}
}
