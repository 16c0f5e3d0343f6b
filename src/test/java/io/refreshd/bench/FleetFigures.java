package io.refreshd.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.demo.FreePort;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.RunningKafka;
import io.refreshd.testing.ServerFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Many small databases on two daemons that share them by Kafka: what each costs while nothing happens, and how long it takes until another
 * daemon serves them. All databases are on one server of their own, which makes no difference to the daemons.
 */
final class FleetFigures {
    private static final int DATABASES = Integer.getInteger("bench.fleet.databases", 200);
    private static final String HEAP = System.getProperty("bench.fleet.heap", "-Xmx512m");
    private static final int IDLE_SECONDS = Integer.getInteger("bench.fleet.idle", 60);
    private static final Duration PAUSE = Duration.ofMillis(250);
    /** A busy machine takes minutes to begin so many. */
    private static final Duration LONGEST = Duration.ofMinutes(15);

    private final Map<String, Object> results;
    private final Path folder = ServerFolder.create("fleet");

    FleetFigures(Map<String, Object> results) throws IOException {
        this.results = results;
    }

    private record Member(DaemonProcess process, int port) {
        int streaming() throws Exception {
            String body = DaemonProcess.get(port, "/status");
            int count = 0;
            if (!body.isEmpty()) {
                for (JsonNode one : new ObjectMapper().readTree(body).get("databases")) {
                    count += one.get("state").asText().equals("streaming") ? 1 : 0;
                }
            }
            return count;
        }
    }

    void run() throws Exception {
        Map<String, String> settings = Map.of(
                "max_connections", Integer.toString(100 + 16 * DATABASES),
                "max_replication_slots", Integer.toString(DATABASES + 10),
                "max_wal_senders", Integer.toString(2 * DATABASES + 10));
        List<Member> members = new ArrayList<>();
        try (LocalPostgres server = OwnServer.start(ServerFolder.create("fleet-server"), settings)) {
            configure(server);
            Member first = start("first");
            members.add(first);
            Member second = start("second");
            members.add(second);
            note("until two daemons stream from all", "%.0f s", await(first, second));
            idle("one of two daemons", server, first);
            second.process().kill();
            note("after one of two was killed, until the other streams from all", "%.0f s", awaitAll(first));
            idle("one daemon with all", server, first);
            Member third = start("third");
            members.add(third);
            note("until a second daemon shares them evenly, half of them moved", "%.0f s", await(first, third));
            long begin = System.nanoTime();
            third.process().terminate();
            note(
                    "after SIGTERM to one of two, until the other streams from all",
                    "%.0f s",
                    (System.nanoTime() - begin) / 1e9 + awaitAll(first));
        } finally {
            members.forEach(member -> member.process().close());
        }
    }

    private void configure(LocalPostgres server) throws SQLException, IOException {
        Files.createDirectory(folder.resolve("d"));
        Files.writeString(
                folder.resolve("main.yaml"), """
                database: { user: postgres }
                http: { listen: "127.0.0.1:${PORT}" }
                databases: { folder: d }
                fleet: { bootstrap-servers: "%s", group: bench, topic-prefix: bench. }
                """.formatted(RunningKafka.shared().brokers()));
        try (Connection admin = connect(server, "postgres");
                Statement statement = admin.createStatement()) {
            statement.execute("CREATE DATABASE small");
            try (Connection own = connect(server, "small");
                    Statement schema = own.createStatement()) {
                schema.execute("CREATE TABLE t (id int PRIMARY KEY, n int)");
                for (String view : List.of("a", "b")) {
                    schema.execute("CREATE MATERIALIZED VIEW " + view + " AS SELECT id, n FROM t");
                    schema.execute("CREATE UNIQUE INDEX ON " + view + " (id)");
                }
            }
            for (int i = 0; i < DATABASES; i++) {
                String name = "db" + i;
                statement.execute("CREATE DATABASE " + name + " TEMPLATE small STRATEGY file_copy");
                Files.writeString(
                        folder.resolve("d/" + name + ".yaml"),
                        "database: { url: '" + server.url(name) + "' }\ncapture: { slot: " + name + " }\n");
            }
        }
    }

    private static Connection connect(LocalPostgres server, String database) throws SQLException {
        return DriverManager.getConnection(server.url(database), LocalPostgres.USER, "");
    }

    private Member start(String name) throws IOException {
        int port = FreePort.find();
        return new Member(
                DaemonProcess.of(folder.resolve("main.yaml"))
                        .asInstalled()
                        .environment(Map.of("PORT", Integer.toString(port), "REFRESHD_JAVA_OPTS", HEAP))
                        .logFile(folder.resolve(name + ".log"))
                        .start(),
                port);
    }

    private static double awaitAll(Member member) throws Exception {
        return until(() -> member.streaming() == DATABASES);
    }

    private static double await(Member one, Member two) throws Exception {
        return until(() ->
                Math.abs(one.streaming() - two.streaming()) <= 1 && one.streaming() + two.streaming() == DATABASES);
    }

    private static double until(java.util.concurrent.Callable<Boolean> condition) throws Exception {
        long begin = System.nanoTime();
        while (!condition.call()) {
            if (System.nanoTime() - begin > LONGEST.toNanos()) {
                throw new IllegalStateException("waited too long");
            }
            Thread.sleep(PAUSE);
        }
        return (System.nanoTime() - begin) / 1e9;
    }

    /** Databases per member are those that it streams from now. */
    private void idle(String who, LocalPostgres server, Member member) throws Exception {
        Thread.sleep(Duration.ofSeconds(IDLE_SECONDS / 2));
        int served = member.streaming();
        long pid = member.process().pid();
        ServerProcesses processes;
        try (Connection admin = connect(server, "postgres")) {
            processes = ServerProcesses.of(admin);
        }
        double daemon = Procfs.cpuSeconds(pid);
        double walsenders = processes.cpuSecondsOfWalsenders();
        double backends = processes.cpuSecondsOfOthers();
        Thread.sleep(Duration.ofSeconds(IDLE_SECONDS));
        String of = who + ", " + served + " databases, idle: ";
        note(of + "processors", "%.3f", (Procfs.cpuSeconds(pid) - daemon) / IDLE_SECONDS);
        note(
                of + "processors of all walsenders",
                "%.3f",
                (processes.cpuSecondsOfWalsenders() - walsenders) / IDLE_SECONDS);
        note(
                of + "processors of the rest of the server",
                "%.3f",
                (processes.cpuSecondsOfOthers() - backends) / IDLE_SECONDS);
        note(of + "resident", "%.0f MB", Procfs.residentMegabytes(pid));
        note(of + "at peak", "%.0f MB", Procfs.peakMegabytes(pid));
        note(of + "platform threads", "%d", threads(pid));
        note("memory of the server", "%.0f MB", processes.residentMegabytes());
        note("connections of the server per database, all daemons", "%.1f", connections(server) / (double) DATABASES);
    }

    private static int threads(long pid) throws IOException {
        try (var tasks = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            return (int) tasks.count();
        }
    }

    private static int connections(LocalPostgres server) throws SQLException {
        try (Connection admin = connect(server, "postgres");
                Statement statement = admin.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'db%'")) {
            row.next();
            return row.getInt(1);
        }
    }

    private void note(String name, String format, Object... values) {
        String value = String.format(Locale.ROOT, format, values);
        results.put("fleet of " + DATABASES + ": " + name, value);
        System.out.println("fleet of " + DATABASES + ": " + name + ": " + value);
    }
}
