package io.refreshd.demo;

import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.config.DatabaseSettings;
import io.refreshd.daemon.Daemon;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.Map;
import java.util.function.Consumer;

/** The actual daemon, configured like that of {@code refreshd run}. */
final class RealDaemon implements DemoDaemon {
    private final Daemon daemon;

    private RealDaemon(Daemon daemon) {
        this.daemon = daemon;
    }

    /**
     * Creates the daemon after a test connection. The daemon would wait for a database that cannot be reached; in the demo this is a
     * fault to report at once.
     */
    static DemoDaemon of(Path file) throws Exception {
        Configuration configuration = ConfigurationReader.read(file, Map.of());
        DatabaseSettings database = configuration.database();
        DriverManager.getConnection(
                        database.url(), database.user(), database.password().reveal())
                .close();
        return new RealDaemon(new Daemon(configuration));
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
