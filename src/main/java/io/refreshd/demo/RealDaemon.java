package io.refreshd.demo;

import io.refreshd.Daemon;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;

/** The daemon itself, configured the way {@code refreshd run} is. */
final class RealDaemon implements DaemonUnderDemo {
    private final Daemon daemon;

    private RealDaemon(Daemon daemon) {
        this.daemon = daemon;
    }

    static DaemonUnderDemo of(Path configuration) throws Exception {
        return new RealDaemon(new Daemon(ConfigurationReader.read(configuration, Map.of())));
    }

    @Override
    public void addListener(Consumer<Notice> listener) {
        daemon.addListener(listener);
    }

    @Override
    public void start() throws Exception {
        daemon.start();
    }

    @Override
    public DaemonStatus status() {
        return daemon.status();
    }

    @Override
    public void close() {
        daemon.close();
    }
}
