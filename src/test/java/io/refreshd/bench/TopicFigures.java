package io.refreshd.bench;

import io.refreshd.testing.RunningKafka;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Debezium's topics as the source beside a slot of the daemon's own: how fast each catches up, and the time from commit to visible.
 *
 * <p>Both read the same writes, each in a copy of one database, and take turns. Broker and connector run in one process on this machine.
 */
final class TopicFigures {
    private static final int COMMITS = Integer.getInteger("bench.topics.commits", 100_000);
    private static final int ROUNDS = Integer.getInteger("bench.topics.rounds", 2);
    private static final int ROWS = 20_000;
    private static final int PROBED = 4;
    /** Each look costs the daemon an answer. */
    private static final Duration OFTEN = Duration.ofMillis(20);

    private static final Duration PAUSE = Duration.ofMillis(500);

    private static final String PUBLICATION = "dbz";

    private final BenchDatabase database;
    private final Options options;
    private final Map<String, Object> results;

    private enum Source {
        SLOT,
        TOPIC;

        String shown() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    TopicFigures(BenchDatabase database, Options options, Map<String, Object> results) {
        this.database = database;
        this.options = options;
        this.results = results;
    }

    void run() throws Exception {
        database.layOut(Layout.mixed(ROWS, 3));
        for (int round = 1; COMMITS > 0 && round <= ROUNDS; round++) {
            for (Source source : order(round)) {
                note(
                        "catching up with %,d commits of one update, round %d, %s"
                                .formatted(COMMITS, round, source.shown()),
                        drain(source));
            }
        }
        database.layOut(Layout.ofRoles(ROWS, 2 * PROBED));
        for (int round = 1; round <= ROUNDS; round++) {
            for (Source source : order(round)) {
                note(
                        "commit to visible, incremental views, round %d, %s".formatted(round, source.shown()),
                        latency(source));
            }
        }
    }

    private static List<Source> order(int round) {
        return round % 2 == 1 ? List.of(Source.SLOT, Source.TOPIC) : List.of(Source.TOPIC, Source.SLOT);
    }

    /** What of the topic is there while one round runs. */
    private record Topic(RunningKafka kafka, String name, String configuration) implements AutoCloseable {
        long records() {
            return kafka.end(name).getKey();
        }

        @Override
        public void close() throws Exception {
            kafka.delete(name);
        }
    }

    /** The connector of a database that was reset, and its topic. */
    private Topic topic(String round) throws Exception {
        RunningKafka kafka = RunningKafka.shared();
        String name = "bench-" + round + "-" + System.nanoTime();
        String slot = database.slot() + "_connector";
        database.execute(
                "CREATE PUBLICATION " + PUBLICATION + " FOR TABLES IN SCHEMA public",
                "SELECT pg_create_logical_replication_slot('" + slot + "', 'pgoutput')");
        String address = database.url().replaceAll("jdbc:postgresql://([^/]+)/.*", "$1");
        Map<String, String> connector =
                RunningKafka.toOneTopic(RunningKafka.connector(address, database.name(), name, slot, PUBLICATION));
        connector.put("value.converter.schemas.enable", "false");
        connector.put("key.converter.schemas.enable", "false");
        kafka.put(name, connector);
        Path file = Files.createDirectories(Path.of("target", "bench"))
                .toAbsolutePath()
                .resolve("connector.json");
        RunningKafka.write(file, connector);
        return new Topic(kafka, name, """
                capture: { source: kafka, slot: %s, publication: %s, heartbeat-interval: 1s }
                kafka: { bootstrap-servers: "%s", topics: %s, connector: %s, accept-lost-changes: true }
                """.formatted(slot, PUBLICATION, kafka.brokers(), name, file));
    }

    private MeasuredDaemon daemon(List<Topic> topic, String quiet) throws Exception {
        return MeasuredDaemon.startOn(configuration(topic), database, quiet, "60s");
    }

    private String configuration(List<Topic> topic) {
        return topic.isEmpty()
                ? MeasuredDaemon.capture(database)
                : topic.getFirst().configuration();
    }

    private List<Topic> topics(Source source) throws Exception {
        return source == Source.SLOT ? List.of() : List.of(topic("round"));
    }

    private static void close(List<Topic> topics) throws Exception {
        for (Topic topic : topics) {
            topic.close();
        }
    }

    /** Commits that were written while the daemon was away, from the first that it has read to the last. */
    private String drain(Source source) throws Exception {
        database.reset();
        List<Topic> topic = topics(source);
        try {
            try (MeasuredDaemon first = daemon(topic, "100ms")) {
                Waiting.until("the views of " + first.pid() + " are fresh", this::clean);
            }
            long records = topic.isEmpty() ? 0 : topic.getFirst().records();
            long began = System.nanoTime();
            database.execute(
                    "SET synchronous_commit = off",
                    "DO $$ BEGIN FOR i IN 1..%d LOOP UPDATE main SET amount = amount + 1 WHERE id = 1 + i %% %d; COMMIT; END LOOP; END $$"
                            .formatted(COMMITS, ROWS));
            String written = "";
            if (source == Source.TOPIC) {
                Waiting.until(
                        "the topic holds all", PAUSE, () -> topic.getFirst().records() >= records + COMMITS);
                written = String.format(
                        Locale.ROOT,
                        "; written to the topic at %,.0f commits/s, beside their writer",
                        COMMITS / ((System.nanoTime() - began) / 1e9));
            }
            // No view is refreshed meanwhile, so that all is reading.
            try (MeasuredDaemon daemon = MeasuredDaemon.beginOn(configuration(topic), database, "60s", "60s")) {
                Read from = read(daemon, 1);
                Read to = read(daemon, COMMITS);
                return String.format(
                        Locale.ROOT,
                        "%,.0f commits/s, %,.0f for each second of a processor that the daemon used; peak resident %.0f MB%s",
                        (to.changes() - from.changes()) / ((to.nanos() - from.nanos()) / 1e9),
                        (to.changes() - from.changes()) / (to.processor() - from.processor()),
                        Procfs.peakMegabytes(daemon.pid()),
                        written);
            }
        } finally {
            close(topic);
        }
    }

    /** @param processor seconds that the daemon has used by then */
    private record Read(long changes, long nanos, double processor) {}

    /** As soon as the daemon has read so many changes. */
    private static Read read(MeasuredDaemon daemon, long wanted) {
        AtomicLong changes = new AtomicLong();
        Waiting.until(
                wanted + " changes were read", OFTEN, () -> changes.updateAndGet(unused -> count(daemon)) >= wanted);
        return new Read(changes.get(), System.nanoTime(), Procfs.cpuSeconds(daemon.pid()));
    }

    private static long count(MeasuredDaemon daemon) {
        try {
            return daemon.count("refreshd_changes_total");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String latency(Source source) throws Exception {
        database.reset();
        List<Topic> topic = topics(source);
        try {
            try (MeasuredDaemon first = daemon(topic, "0ms")) {
                Waiting.until("the views of " + first.pid() + " are fresh", this::clean);
            }
            MeasuredDaemon.convert(database, new ArrayList<>(database.incrementalViews()));
            try (MeasuredDaemon daemon = daemon(topic, "0ms")) {
                Waiting.until("the views of " + daemon.pid() + " are fresh", this::clean);
                // The first of them find caches empty and nothing compiled.
                lags(200);
                return lags(options.probes()).millis();
            }
        } finally {
            close(topic);
        }
    }

    private Sample lags(int probes) throws Exception {
        database.execute("UPDATE main SET title = 'none' WHERE id BETWEEN " + BenchDatabase.PROBE_ROW + " AND "
                + (BenchDatabase.PROBE_ROW + PROBED - 1));
        String back = IntStream.range(0, PROBED)
                .mapToObj(role -> "SELECT 1 FROM role_" + role + " WHERE title = 'none'")
                .collect(Collectors.joining(" UNION ALL "));
        Waiting.until("the probe's rows are back", () -> database.query(back).size() == PROBED);
        try (LatencyProbe probe = new LatencyProbe(database, AfterWrite.NOTHING, options.seed(), 15, 25, PROBED)) {
            probe.start();
            probe.awaitWritten(probes);
            probe.stopWriting();
            probe.settle(10);
            return probe.lags();
        }
    }

    private boolean clean() throws Exception {
        return database.query("SELECT count(*) FROM refreshd.view_state WHERE marked > covered")
                .equals(List.of("0"));
    }

    private void note(String name, String value) {
        System.out.printf("topics: %s: %s%n", name, value);
        results.put("topics: " + name, value);
    }
}
