package io.refreshd.faults;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.Signals;
import io.refreshd.testing.TestTimeout;
import io.refreshd.testing.VersionedServer;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** The PostgreSQL of a campaign, which faults crash and restart. */
final class DatabaseServer implements AutoCloseable {
    private static final long LIMIT = TestTimeout.LIMIT.toSeconds();

    private final LocalPostgres server;
    private final Path folder;
    private final Map<String, String> environment;

    private DatabaseServer(LocalPostgres server, Path folder, Map<String, String> environment) {
        this.server = server;
        this.folder = folder;
        this.environment = environment;
    }

    static DatabaseServer start(Path folder, int major, Map<String, String> environment)
            throws IOException, InterruptedException {
        DatabaseServer started = new DatabaseServer(
                OwnServer.start(
                        folder,
                        Map.of(
                                "max_prepared_transactions", "20",
                                "log_min_messages", "warning",
                                "deadlock_timeout", "200ms",
                                "max_wal_size", "4GB",
                                // Only processes crash here, never the machine, so nothing has to be synced to disk.
                                "fsync", "off",
                                "autovacuum_naptime", "5s"),
                        VersionedServer.binaries(major)),
                folder,
                environment);
        if (!environment.isEmpty()) {
            // The library that starts the server does not pass the environment on.
            started.crashAndRestart(Duration.ZERO);
        }
        return started;
    }

    int port() {
        return server.port();
    }

    Connection connect(String application) throws SQLException {
        return connect(application, LocalPostgres.USER);
    }

    Connection connect(String application, String user) throws SQLException {
        return DriverManager.getConnection(
                server.url("postgres") + "?connectTimeout=" + LIMIT + "&socketTimeout=" + LIMIT + "&ApplicationName="
                        + application,
                user,
                "");
    }

    void execute(String... statements) throws SQLException {
        try (Connection connection = connect("campaign");
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** Shuts the server down at once, without a checkpoint, and starts it with the same arguments after a pause. */
    void crashAndRestart(Duration away) throws IOException, InterruptedException {
        long pid = Long.parseLong(Files.readAllLines(folder.resolve("data").resolve("postmaster.pid"))
                .getFirst()
                .strip());
        String[] command = new String(Files.readAllBytes(Path.of("/proc/" + pid + "/cmdline")), StandardCharsets.UTF_8)
                .split("\0");
        Signals.send("QUIT", pid);
        Awaitility.await("the server is down")
                .until(() -> !ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
        TimeUnit.NANOSECONDS.sleep(away.toNanos());
        List<String> start = new ArrayList<>();
        if (System.getProperty("user.name").equals("root")) {
            // PostgreSQL refuses to run as root, so root starts it in a user namespace of its own.
            start.addAll(List.of("unshare", "-U"));
        }
        start.addAll(Arrays.asList(command));
        ProcessBuilder builder = new ProcessBuilder(start)
                .redirectErrorStream(true)
                .redirectOutput(Redirect.appendTo(folder.resolve("postgres.log").toFile()));
        builder.environment().putAll(environment);
        builder.start();
        awaitConnections();
    }

    void awaitConnections() {
        Awaitility.await("the server accepts connections")
                .pollInterval(Duration.ofMillis(50))
                .ignoreExceptions()
                .until(() -> {
                    connect("campaign").close();
                    return true;
                });
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
