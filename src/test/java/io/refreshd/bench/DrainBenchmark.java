package io.refreshd.bench;

import io.refreshd.capture.BatchHandler;
import io.refreshd.capture.CaptureRun;
import io.refreshd.capture.CaptureSettings;
import io.refreshd.capture.Server;
import io.refreshd.capture.Slot;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.model.Batch;
import io.refreshd.model.Change;
import io.refreshd.model.Lsn;
import io.refreshd.model.Receipt;
import io.refreshd.model.Snapshot;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;
import org.postgresql.replication.PGReplicationStream;

/**
 * How fast a slot is drained: a bare reader of pgoutput that only counts, against the capture with a handler that does
 * nothing. Each drains a slot of its own, made before the same update of 300,000 rows. Run it with {@code -Xmx128m}.
 */
public final class DrainBenchmark {
    private static final int ROWS = 300_000;

    private DrainBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 3;
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of("target", "postgres")), "bench");
        System.out.printf(
                "heap %d MB, %s%n",
                Runtime.getRuntime().maxMemory() >> 20,
                ManagementFactory.getRuntimeMXBean().getInputArguments());
        try (LocalPostgres server = LocalPostgres.start(folder.toAbsolutePath(), Map.of())) {
            String url = server.url("postgres");
            for (String identity : new String[] {"DEFAULT", "FULL"}) {
                for (int round = 1; round <= rounds; round++) {
                    round(url, identity, round);
                }
            }
        }
    }

    private static void round(String url, String identity, int round) throws Exception {
        try (Connection connection = DriverManager.getConnection(url, LocalPostgres.USER, "");
                Statement statement = connection.createStatement()) {
            statement.execute("DROP PUBLICATION IF EXISTS bench");
            statement.execute("DROP TABLE IF EXISTS bench");
            statement.execute(
                    "CREATE TABLE bench (id int PRIMARY KEY, role int, name text, amount numeric, at timestamptz)");
            statement.execute("ALTER TABLE bench REPLICA IDENTITY " + identity);
            statement.execute(
                    "INSERT INTO bench SELECT i, i % 10, 'name ' || i, i * 1.5, now() FROM generate_series(1, " + ROWS
                            + ") i");
            statement.execute("CREATE PUBLICATION bench FOR TABLE bench");
            Slot.create(connection, "bare", Duration.ofSeconds(30));
            Slot.create(connection, "captured", Duration.ofSeconds(30));
            statement.execute("UPDATE bench SET amount = amount + 1");
            Lsn end = position(statement);
            boolean bareFirst = round % 2 == 1;
            double bare = bareFirst ? bare(url) : 0;
            double captured = capture(url, connection, end);
            bare = bareFirst ? bare : bare(url);
            System.out.printf(
                    "identity %-7s round %d: bare %,9.0f changes/s, captured %,9.0f changes/s, ratio %.2f%n",
                    identity, round, bare, captured, captured / bare);
            for (String slot : new String[] {"bare", "captured"}) {
                Awaitility.await()
                        .until(() -> Slot.inspect(connection, slot)
                                .orElseThrow()
                                .activePid()
                                .isEmpty());
                Slot.drop(connection, slot);
            }
        }
    }

    private static Lsn position(Statement statement) throws Exception {
        try (ResultSet row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
            row.next();
            return Lsn.parse(row.getString(1));
        }
    }

    private static double bare(String url) throws Exception {
        Properties properties = new Properties();
        PGProperty.USER.set(properties, LocalPostgres.USER);
        PGProperty.PASSWORD.set(properties, "");
        PGProperty.REPLICATION.set(properties, "database");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "15");
        PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
        long begin = System.nanoTime();
        long changes = 0;
        try (Connection connection = DriverManager.getConnection(url, properties)) {
            PGReplicationStream stream = connection
                    .unwrap(PGConnection.class)
                    .getReplicationAPI()
                    .replicationStream()
                    .logical()
                    .withSlotName("bare")
                    .withSlotOption("proto_version", 1)
                    .withSlotOption("publication_names", "bench")
                    .withSlotOption("messages", true)
                    .start();
            while (true) {
                ByteBuffer message = stream.read();
                byte type = message.get();
                if (type == 'U') {
                    changes++;
                } else if (type == 'C' && changes > 0) {
                    break;
                }
            }
        }
        return changes / seconds(begin);
    }

    private static double capture(String url, Connection connection, Lsn end) throws Exception {
        CaptureSettings settings =
                new CaptureSettings(Server.of(url, LocalPostgres.USER, ""), "captured", "bench", Duration.ofSeconds(1));
        CountDownLatch done = new CountDownLatch(1);
        long[] changes = new long[1];
        BatchHandler handler = new BatchHandler() {
            @Override
            public Receipt handle(Batch batch) throws Exception {
                for (Change change : batch.changes()) {
                    changes[0] += change.rows().values().stream()
                            .mapToLong(Long::longValue)
                            .sum();
                }
                try (Statement statement = connection.createStatement();
                        ResultSet row = statement.executeQuery("SELECT pg_current_snapshot()::text")) {
                    row.next();
                    return new Receipt(Snapshot.parse(row.getString(1)), Lsn.ZERO);
                }
            }

            @Override
            public void routedTo(Lsn position, Snapshot snapshot) {
                if (position.compareTo(end) >= 0) {
                    done.countDown();
                }
            }
        };
        long begin = System.nanoTime();
        try (CaptureRun run = new CaptureRun(settings, handler)) {
            run.start();
            while (!done.await(100, TimeUnit.MILLISECONDS)) {
                if (run.ended().isDone()) {
                    run.ended().get();
                }
            }
            return changes[0] / seconds(begin);
        }
    }

    private static double seconds(long begin) {
        return (System.nanoTime() - begin) / 1e9;
    }
}
