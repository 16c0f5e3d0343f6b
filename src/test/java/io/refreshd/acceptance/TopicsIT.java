package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.cli.Refreshd;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Recomputed;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.RunningKafka;
import io.refreshd.testing.SupervisedDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Changes that come from topics, on a real broker with Debezium's own connector. */
class TopicsIT {
    private static final String VIEW = "public.v";

    @TempDir
    private Path folder;

    private static RunningKafka kafka() throws Exception {
        return RunningKafka.shared();
    }

    private static TestDatabase database() throws Exception {
        TestDatabase database = TestDatabase.create();
        schema(database);
        database.execute(
                "CREATE TABLE aside (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
                "CREATE TABLE signals (id text PRIMARY KEY, type text, data text)",
                "CREATE PUBLICATION dbz FOR TABLE t, aside, signals",
                "SELECT pg_create_logical_replication_slot('" + database.slot() + "', 'pgoutput')");
        return database;
    }

    private static void schema(TestDatabase database) throws Exception {
        database.execute(
                "CREATE TABLE t (id int PRIMARY KEY, role text NOT NULL DEFAULT 'd', n int NOT NULL DEFAULT 0)",
                "CREATE MATERIALIZED VIEW v AS SELECT id, n FROM t WHERE role = 'a'",
                "CREATE UNIQUE INDEX ON v (id)");
    }

    private RunningDaemon daemon(TestDatabase database, Map<String, String> connector, String topics) throws Exception {
        return daemon(database, connector, topics, "");
    }

    private RunningDaemon daemon(TestDatabase database, Map<String, String> connector, String topics, String more)
            throws Exception {
        return RunningDaemon.start(configure(database, connector, topics, more));
    }

    /** Writes the files of a configuration. */
    private String configure(TestDatabase database, Map<String, String> connector, String topics, String more)
            throws Exception {
        Path file = folder.resolve("connector.json");
        RunningKafka.write(file, connector);
        String yaml = RunningDaemon.configuration(
                database.url(), database.slot(), """
                  source: kafka
                  publication: dbz
                views: { quiet-period: 50ms }
                kafka:
                  bootstrap-servers: %s
                  topics: "%s"
                  connector: %s
                  accept-lost-changes: true
                """.formatted(kafka().brokers(), topics, file) + more);
        Files.writeString(folder.resolve("refreshd.yaml"), yaml);
        return yaml;
    }

    private static List<String> rows(TestDatabase database) throws Exception {
        return database.query("SELECT id || ':' || n FROM v ORDER BY id");
    }

    private static List<String> gaps(RunningDaemon daemon) {
        return daemon.notices().stream()
                .filter(Notice.GapFound.class::isInstance)
                .map(notice -> ((Notice.GapFound) notice).reason())
                .toList();
    }

    /** Waits for one gap, and for one refresh of the view. A write that no view reads shows that the stream goes on. */
    private static void awaitGap(RunningDaemon daemon, TestDatabase database, String reason, Step step)
            throws Exception {
        int gaps = gaps(daemon).size();
        long refreshes = daemon.refreshes(VIEW);
        step.run();
        awaitGap(daemon, database, gaps, refreshes, reason);
    }

    /** @param reason how its word begins: it depends on the moment at which somebody looks whether a topic is missing or another one */
    private static void awaitGap(RunningDaemon daemon, TestDatabase database, int gaps, long refreshes, String reason)
            throws Exception {
        await("gap " + reason).until(() -> gaps(daemon).size() > gaps);
        assertThat(gaps(daemon).get(gaps)).startsWith(reason);
        awaitOwnWrite(database, "INSERT INTO aside DEFAULT VALUES");
        List<String> more = gaps(daemon).subList(gaps + 1, gaps(daemon).size());
        assertThat(more).as("a connector that begins may be seen to").isSubsetOf("connector-begun-anew");
        await("its refresh").until(() -> daemon.refreshes(VIEW) > refreshes + more.size());
        assertThat(daemon.refreshes(VIEW)).as(reason).isEqualTo(refreshes + 1 + more.size());
    }

    private interface Step {
        void run() throws Exception;
    }

    private static void awaitOwnWrite(TestDatabase database, String sql) throws Exception {
        database.execute(sql);
        FreshnessWait.await(VIEW, database::query);
    }

    @Test
    void viewsFollowATopicInTheOrderOfTheLog() throws Exception {
        try (TestDatabase database = database()) {
            Map<String, String> connector = RunningKafka.toOneTopic(RunningKafka.connector(database, "dbz"));
            connector.put("signal.data.collection", "public.signals");
            kafka().put(database.name(), connector);
            try (RunningDaemon daemon = daemon(database, connector, database.name())) {
                awaitOwnWrite(database, "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)");
                assertThat(rows(database)).containsExactly("1:1");
                assertThat(output("status"))
                        .as("the connector's slot")
                        .startsWith("The daemon is alive. ")
                        .doesNotContain("does not exist");
                awaitOwnWrite(database, "UPDATE t SET role = 'a' WHERE id = 2");
                assertThat(rows(database)).containsExactly("1:1", "2:2");
                long refreshes = daemon.refreshes(VIEW);
                awaitOwnWrite(database, "INSERT INTO t VALUES (3, 'b', 3)");
                assertThat(daemon.refreshes(VIEW)).as("a value decides").isEqualTo(refreshes);
                snapshotBeside(database);
                awaitOwnWrite(database, "TRUNCATE t");
                assertThat(rows(database)).isEmpty();
                assertThat(gaps(daemon)).isEmpty();
            }
            database.execute("INSERT INTO t VALUES (4, 'a', 4)");
            try (RunningDaemon daemon = daemon(database, connector, database.name())) {
                awaitOwnWrite(database, "INSERT INTO t VALUES (5, 'b', 5)");
                assertThat(rows(database)).as("written while no daemon ran").containsExactly("4:4");
                kafka().delete(database.name());
                database.execute("INSERT INTO t VALUES (6, 'a', 6)");
                kafka().put(database.name(), connector);
                awaitOwnWrite(database, "INSERT INTO t VALUES (7, 'b', 7)");
                assertThat(rows(database)).as("written while no connector ran").containsExactly("4:4", "6:6");
                kafka().stopBroker();
                database.execute("INSERT INTO t VALUES (8, 'a', 8)");
                kafka().startBroker();
                awaitOwnWrite(database, "INSERT INTO t VALUES (9, 'b', 9)");
                assertThat(rows(database)).as("written while no broker ran").containsExactly("4:4", "6:6", "8:8");
                assertThat(gaps(daemon)).isEmpty();
            }
            kafka().delete(database.name());
        }
    }

    /** The connector reads a table in chunks while it streams. */
    private static void snapshotBeside(TestDatabase database) throws Exception {
        database.execute("INSERT INTO signals VALUES ('s', 'execute-snapshot',"
                + " '{\"data-collections\": [\"public.t\"], \"type\": \"incremental\"}')");
        await("a row that was read by a snapshot")
                .until(() -> !kafka().text(database.name(), "\"op\":\"r\"").isEmpty());
    }

    @Test
    void incrementalViewsFollowATopicInTheOrderOfTheLog() throws Exception {
        try (TestDatabase database = database()) {
            Map<String, String> connector = RunningKafka.toOneLogicalTable(RunningKafka.connector(database, "dbz"));
            kafka().put(database.name(), connector);
            String role = """
                    role-views:
                      templates:
                        public.of_{role}:
                          kind: incremental
                          query: SELECT id, n FROM t WHERE role = {role}
                          unique-key: [id]
                          roles: [a]
                    """;
            try (RunningDaemon daemon = daemon(database, connector, database.name(), role)) {
                await("the view is there")
                        .until(() -> daemon.view("public.of_a").isPresent());
                daemon.awaitPhase("public.of_a", ViewPhase.FRESH);
                database.execute("INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)");
                FreshnessWait.await("public.of_a", database::query);
                assertThat(database.query("SELECT id || ':' || n FROM of_a")).containsExactly("1:1");
                long rounds = daemon.refreshes("public.of_a");
                database.execute("UPDATE t SET n = 5 WHERE id = 1");
                FreshnessWait.await("public.of_a", database::query);
                assertThat(database.query("SELECT id || ':' || n FROM of_a")).containsExactly("1:5");
                assertThat(daemon.refreshes("public.of_a")).isGreaterThan(rounds);
                assertThat(daemon.notices().stream()
                                .filter(Notice.RefreshDone.class::isInstance)
                                .map(Notice.RefreshDone.class::cast)
                                .filter(done -> done.view().toString().equals("public.of_a"))
                                .toList()
                                .getLast()
                                .recomputed())
                        .as("one row by its key")
                        .contains(new Recomputed(1, Optional.empty()));
            }
            kafka().delete(database.name());
        }
    }

    /** What each case does to the topic or the slot would lose the change that is written beside it. */
    @Test
    void eachGapCostsOneRefreshAndLosesNothing() throws Exception {
        try (TestDatabase database = database()) {
            String topic = database.name();
            Map<String, String> connector = RunningKafka.toOneTopic(RunningKafka.connector(database, "dbz"));
            kafka().create(topic, "delete");
            // Says nothing, and makes the daemon begin before the connector does.
            kafka().send(topic, "{}");
            try (RunningDaemon daemon = RunningDaemon.prepare(configure(database, connector, topic, ""))) {
                CompletableFuture<Void> begun = CompletableFuture.runAsync(daemon::begin, Thread.ofVirtual()::start);
                await("the daemon reads on from here")
                        .until(() -> database.query("SELECT to_regclass('refreshd.topic_offset')")
                                                .getFirst()
                                        != null
                                && !database.query("SELECT topic FROM refreshd.topic_offset")
                                        .isEmpty());
                database.execute("INSERT INTO t VALUES (1, 'a', 1)");
                connector.put("snapshot.mode", "initial");
                kafka().put(topic, connector);
                assertThat(begun).succeedsWithin(TestTimeout.LIMIT);
                await("the gap").until(() -> !gaps(daemon).isEmpty());
                awaitOwnWrite(database, "INSERT INTO aside DEFAULT VALUES");
                assertThat(gaps(daemon)).containsExactly("connector-snapshot");
                assertThat(rows(database)).containsExactly("1:1");

                awaitGap(daemon, database, "record-undecodable", () -> kafka().send(topic, "no event"));
                awaitGap(
                        daemon,
                        database,
                        "connector-another",
                        () -> kafka().send(
                                        topic,
                                        kafka().text(topic, "\"after\":{")
                                                .replace("\"name\":\"" + topic, "\"name\":\"another")));
                awaitGap(daemon, database, "topic-m", () -> kafka().deleteTopic(topic));
                awaitOwnWrite(database, "UPDATE t SET n = 3");
                assertThat(rows(database)).containsExactly("1:3");

                kafka().delete(topic);
                awaitGap(daemon, database, "slot-m", () -> {
                    database.execute(
                            "SELECT pg_drop_replication_slot('" + database.slot() + "')",
                            "UPDATE t SET n = 5",
                            "SELECT pg_create_logical_replication_slot('" + database.slot() + "', 'pgoutput')");
                    connector.put("snapshot.mode", "no_data");
                    kafka().put(topic + "_again", connector);
                });
                assertThat(rows(database)).containsExactly("1:5");
            }
            kafka().delete(topic + "_again");
            awaitGapAtStart(database, connector, "connector-begun-anew", () -> {
                // The first event of the connector shows that it knows of no commit before.
                database.execute("INSERT INTO aside DEFAULT VALUES");
                kafka().put(topic + "_third", connector);
            });

            awaitGapAtStart(database, connector, "retention-overtaken", () -> {
                database.execute("UPDATE t SET n = 6");
                await("the connector has written it")
                        .until(() -> !kafka().text(topic, "\"n\":6").isEmpty());
                kafka().deleteRecords(topic);
            });
            assertThat(rows(database)).containsExactly("1:6");
            // As if the topic had lost its end.
            awaitGapAtStart(
                    database,
                    connector,
                    "offsets-out-of-range",
                    () -> database.execute("UPDATE refreshd.topic_offset SET next_offset = next_offset + 1000000"));
            awaitGapAtStart(database, connector, "topic-made-anew", () -> {
                database.execute("UPDATE t SET n = 7");
                await("the connector has written it")
                        .until(() -> !kafka().text(topic, "\"n\":7").isEmpty());
                kafka().deleteTopic(topic);
                database.execute("INSERT INTO aside DEFAULT VALUES");
                await("the topic is there again").until(() -> kafka().has(topic));
            });
            assertThat(rows(database)).containsExactly("1:7");
            awaitGapAtStart(database, connector, "partitions-added", () -> {
                kafka().partitions(topic, 2);
                database.execute("UPDATE t SET n = 8");
            });
            assertThat(rows(database)).containsExactly("1:8");
            kafka().delete(topic + "_third");
        }
    }

    /**
     * In memory it is 96 MB, of a heap of 128 MB. A topic may hold it in compressed form. It is the last of its topic while the daemon starts,
     * and no connector writes another one.
     */
    @Test
    void aRecordThatNoHeapHolds() throws Exception {
        try (TestDatabase database = database()) {
            Map<String, String> connector = RunningKafka.toOneTopic(RunningKafka.connector(database, "dbz"));
            kafka().put(database.name(), connector);
            Path configuration = DaemonProcess.write(folder, configure(database, connector, database.name(), ""));
            try (SupervisedDaemon daemon = new SupervisedDaemon(configuration)) {
                awaitShown(database, daemon, 1);
            }
            kafka().delete(database.name());
            kafka().sendCompressed(database.name(), 96_000_000);
            long started = System.nanoTime();
            try (SupervisedDaemon daemon = new SupervisedDaemon(configuration)) {
                await("a gap").until(() -> {
                    daemon.replaceIfDead();
                    return daemon.lines().stream()
                            .anyMatch(line -> line.contains("Gap in the stream") && line.contains("log-poisoned"));
                });
                kafka().put(database.name(), connector);
                awaitShown(database, daemon, 2);
                System.out.printf(
                        "a record of 96 MB: %d processes ended, and the next change was shown %.1f s after the start%n",
                        daemon.deaths(), (System.nanoTime() - started) / 1e9);
                assertThat(daemon.deaths()).as("%s", daemon.lines()).isBetween(1, 3);
            }
            kafka().delete(database.name());
        }
    }

    private static void awaitShown(TestDatabase database, SupervisedDaemon daemon, int id) throws Exception {
        database.execute("INSERT INTO t VALUES (" + id + ", 'a', 0)");
        await("row " + id).until(() -> {
            daemon.replaceIfDead();
            return rows(database).contains(id + ":0");
        });
    }

    private void awaitGapAtStart(TestDatabase database, Map<String, String> connector, String reason, Step step)
            throws Exception {
        step.run();
        try (RunningDaemon daemon = daemon(database, connector, database.name())) {
            awaitGap(daemon, database, 0, 0, reason);
        }
    }

    @Test
    void positionsOfSeveralTopicsFollowTheConnectorsSlot() throws Exception {
        try (TestDatabase database = database()) {
            Map<String, String> connector = RunningKafka.connector(database, "dbz");
            connector.put("topic.creation.default.partitions", "3");
            kafka().put(database.name(), connector);
            try (RunningDaemon daemon = daemon(database, connector, database.name() + ".*")) {
                awaitOwnWrite(database, "INSERT INTO t SELECT i, 'a', i FROM generate_series(1, 9) i");
                assertThat(rows(database)).hasSize(9);
                await("the offsets follow what is visible")
                        .until(() -> database.query("SELECT count(*) FROM refreshd.topic_offset WHERE topic LIKE '%.t'")
                                .equals(List.of("3")));
                database.execute(
                        "CREATE TABLE later (id int PRIMARY KEY)",
                        "ALTER PUBLICATION dbz ADD TABLE later",
                        "CREATE MATERIALIZED VIEW w AS SELECT id FROM later",
                        "CREATE UNIQUE INDEX ON w (id)");
                await("the view is known").until(() -> daemon.view("public.w").isPresent());
                database.execute("INSERT INTO later VALUES (1)");
                FreshnessWait.await("public.w", database::query);
                assertThat(database.query("SELECT id FROM w")).containsExactly("1");
                assertThat(gaps(daemon)).isEmpty();
            }
            restartBeforeACommitIsVisible(database, connector);
            kafka().delete(database.name());
        }
    }

    /** A daemon that is restarted knows of no transaction that a marked view waits for, unless the topics tell it again. */
    private void restartBeforeACommitIsVisible(TestDatabase database, Map<String, String> connector) throws Exception {
        try (Connection writer = database.connect()) {
            CompletableFuture<Void> waiting;
            try (RunningDaemon daemon = daemon(database, connector, database.name() + ".*")) {
                database.execute("ALTER SYSTEM SET synchronous_standby_names = 'absent'", "SELECT pg_reload_conf()");
                await("the writer's session knows of it")
                        .until(() -> show(writer, "synchronous_standby_names").equals("absent"));
                waiting = CompletableFuture.runAsync(() -> insert(writer), Thread.ofVirtual()::start);
                await().until(() -> daemon.daemon().status().stream().phase() == StreamPhase.HELD);
                daemon.awaitPhase(VIEW, ViewPhase.DIRTY);
                String beat = "SELECT beat_at FROM refreshd.stream";
                for (int i = 0; i < 2; i++) {
                    List<String> former = database.query(beat);
                    await("the next heartbeat")
                            .until(() -> !database.query(beat).equals(former));
                }
                assertThat(waiting).as("the writer waits").isNotDone();
            }
            try (RunningDaemon daemon = daemon(database, connector, database.name() + ".*")) {
                await().until(() -> daemon.daemon().status().stream().phase() == StreamPhase.HELD);
                database.execute("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
                assertThat(waiting).succeedsWithin(TestTimeout.LIMIT);
                awaitOwnWrite(database, "INSERT INTO aside DEFAULT VALUES");
                assertThat(rows(database)).hasSize(10);
                assertThat(gaps(daemon)).isEmpty();
            }
        } finally {
            database.execute("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
        }
    }

    private static String show(Connection connection, String setting) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW " + setting)) {
            row.next();
            return row.getString(1);
        }
    }

    private static void insert(Connection writer) {
        try (Statement statement = writer.createStatement()) {
            statement.execute("INSERT INTO t VALUES (10, 'a', 10)");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What is deployed has no codec but Java's own; the class path of the tests has one more. */
    @Test
    void aCodecThatIsNotDeployedIsRefusedByName() throws Exception {
        try (TestDatabase database = database()) {
            Map<String, String> connector = RunningKafka.toOneTopic(RunningKafka.connector(database, "dbz"));
            configure(database, connector, database.name(), "");
            kafka().put(database.name(), connector);
            try (DaemonProcess daemon =
                    DaemonProcess.of(folder.resolve("refreshd.yaml")).start()) {
                await("the daemon has made its schema")
                        .until(() -> database.query("SELECT to_regclass('refreshd.freshness')")
                                        .getFirst()
                                != null);
                awaitOwnWrite(database, "INSERT INTO t VALUES (1, 'a', 1)");
                connector.put("producer.override.compression.type", "lz4");
                kafka().put(database.name(), connector);
                database.execute("INSERT INTO t VALUES (2, 'a', 2)");
                daemon.awaitLine("compressed with a codec that refreshd does not have");
                connector.remove("producer.override.compression.type");
                kafka().put(database.name(), connector);
                FreshnessWait.await(VIEW, database::query);
                assertThat(rows(database)).containsExactly("1:1", "2:2");
            }
            kafka().delete(database.name());
        }
    }

    /** Each of these would lose changes or decode values wrongly without anybody's notice. */
    @Test
    void checkNamesEveryViolationOfTheContract() throws Exception {
        try (TestDatabase database = database()) {
            database.execute(
                    "CREATE TABLE other (id int PRIMARY KEY)",
                    "CREATE MATERIALIZED VIEW w AS SELECT id FROM other",
                    "CREATE UNIQUE INDEX ON w (id)");
            kafka().create(database.name(), "compact");
            Map<String, String> connector = RunningKafka.connector(database, "dbz");
            connector.remove("skipped.operations");
            connector.put("column.exclude.list", "public.t.role");
            configure(database, connector, database.name(), "");
            assertThat(check())
                    .contains(
                            "skipped.operations is not set",
                            "set skipped.operations=none",
                            "column.exclude.list may leave out",
                            "topic " + database.name() + " is compacted",
                            "the connector's publication dbz lacks a table",
                            "ALTER PUBLICATION \"dbz\" ADD TABLE \"public\".\"other\"")
                    .doesNotContain("REPLICATION");
            assertThatThrownBy(() -> RunningDaemon.start(Files.readString(folder.resolve("refreshd.yaml"))))
                    .isInstanceOf(PrerequisitesMissingException.class)
                    .hasMessageContaining("skipped.operations");
        }
    }

    private String check() {
        return output("check");
    }

    private String output(String verb) {
        StringWriter out = new StringWriter();
        Refreshd.commandLine(Map.of())
                .setOut(new PrintWriter(out, true))
                .execute(verb, "--config", folder.resolve("refreshd.yaml").toString());
        return out.toString().replaceAll("\\s+", " ");
    }

    /** The same decoder, and no broker: Debezium's engine in this process. */
    @Test
    void viewsFollowTheLogAsDebeziumDecodesIt() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            schema(database);
            String source = "  source: debezium\nviews: { quiet-period: 50ms }";
            try (RunningDaemon daemon = RunningDaemon.start(database, source)) {
                awaitOwnWrite(database, "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)");
                assertThat(rows(database)).containsExactly("1:1");
                long refreshes = daemon.refreshes(VIEW);
                awaitOwnWrite(database, "INSERT INTO t VALUES (3, 'b', 3)");
                assertThat(daemon.refreshes(VIEW)).as("a value decides").isEqualTo(refreshes);
            }
            database.execute("INSERT INTO t VALUES (4, 'a', 4)");
            try (RunningDaemon daemon = RunningDaemon.start(database, source)) {
                awaitOwnWrite(database, "TRUNCATE t");
                awaitOwnWrite(database, "INSERT INTO t VALUES (5, 'a', 5)");
                assertThat(rows(database)).containsExactly("5:5");
                assertThat(gaps(daemon)).isEmpty();
            }
        }
    }
}
