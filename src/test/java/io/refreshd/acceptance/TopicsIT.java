package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.cli.Refreshd;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Recomputed;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.RunningKafka;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
                "CREATE PUBLICATION dbz FOR TABLE t",
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

    private static void awaitRows(TestDatabase database, String... rows) {
        await("the view holds the rows")
                .untilAsserted(() -> assertThat(database.query("SELECT id || ':' || n FROM v ORDER BY id"))
                        .containsExactly(rows));
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

    /** @param reason how its word begins: it depends on the moment at which somebody looks whether a topic is missing or another one */
    private static void awaitGap(RunningDaemon daemon, String reason) {
        await("gap " + reason).until(() -> gaps(daemon).stream().anyMatch(found -> found.startsWith(reason)));
    }

    private static void awaitOwnWrite(TestDatabase database, String sql) throws Exception {
        database.execute(sql);
        FreshnessWait.await(VIEW, database::query);
    }

    @Test
    void viewsFollowATopicInTheOrderOfTheLog() throws Exception {
        try (TestDatabase database = database()) {
            Map<String, String> connector = RunningKafka.toOneTopic(RunningKafka.connector(database, "dbz"));
            kafka().put(database.name(), connector);
            try (RunningDaemon daemon = daemon(database, connector, database.name())) {
                awaitOwnWrite(database, "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)");
                assertThat(rows(database)).containsExactly("1:1");
                awaitOwnWrite(database, "UPDATE t SET role = 'a' WHERE id = 2");
                assertThat(rows(database)).containsExactly("1:1", "2:2");
                long refreshes = daemon.refreshes(VIEW);
                awaitOwnWrite(database, "INSERT INTO t VALUES (3, 'b', 3)");
                assertThat(daemon.refreshes(VIEW)).as("a value decides").isEqualTo(refreshes);
                awaitOwnWrite(database, "TRUNCATE t");
                assertThat(rows(database)).isEmpty();
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
                assertThat(gaps(daemon)).isEmpty();
            }
            kafka().delete(database.name());
        }
    }

    @Test
    void incrementalViewsFollowATopicInTheOrderOfTheLog() throws Exception {
        try (TestDatabase database = database()) {
            Map<String, String> connector = RunningKafka.toOneTopic(RunningKafka.connector(database, "dbz"));
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

    /** What each case does to the topic or the slot would lose the row that is written beside it. */
    @Test
    void eachGapCostsOneRefreshAndLosesNothing() throws Exception {
        try (TestDatabase database = database()) {
            String topic = database.name();
            Map<String, String> connector = RunningKafka.toOneTopic(RunningKafka.connector(database, "dbz"));
            kafka().put(topic, connector);
            try (RunningDaemon daemon = daemon(database, connector, topic)) {
                awaitOwnWrite(database, "INSERT INTO t VALUES (1, 'a', 1)");

                kafka().send(topic, "no event");
                awaitGap(daemon, "record-undecodable");
                awaitOwnWrite(database, "UPDATE t SET n = 2");
                assertThat(rows(database)).containsExactly("1:2");

                kafka().send(
                                topic,
                                kafka().text(topic, "\"after\":{")
                                        .replace("\"name\":\"" + topic, "\"name\":\"another"));
                awaitGap(daemon, "connector-another");

                kafka().deleteTopic(topic);
                awaitGap(daemon, "topic-m");
                awaitOwnWrite(database, "UPDATE t SET n = 3");
                assertThat(rows(database)).containsExactly("1:3");

                kafka().delete(topic);
                database.execute("UPDATE t SET n = 4");
                kafka().put(topic + "_again", connector);
                awaitOwnWrite(database, "INSERT INTO t VALUES (2, 'b', 2)");
                assertThat(rows(database)).containsExactly("1:4");

                kafka().delete(topic + "_again");
                database.execute("SELECT pg_drop_replication_slot('" + database.slot() + "')", "UPDATE t SET n = 5");
                database.execute("SELECT pg_create_logical_replication_slot('" + database.slot() + "', 'pgoutput')");
                kafka().put(topic + "_third", connector);
                awaitGap(daemon, "slot-m");
                awaitOwnWrite(database, "INSERT INTO t VALUES (3, 'b', 2)");
                assertThat(rows(database)).containsExactly("1:5");
            }
            database.execute("UPDATE t SET n = 6");
            await("the connector has written it")
                    .until(() -> !kafka().text(topic, "\"n\":6").isEmpty());
            kafka().deleteRecords(topic);
            try (RunningDaemon daemon = daemon(database, connector, topic)) {
                awaitGap(daemon, "retention-overtaken");
                awaitOwnWrite(database, "INSERT INTO t VALUES (4, 'b', 2)");
                assertThat(rows(database)).containsExactly("1:6");

                kafka().partitions(topic, 2);
                awaitGap(daemon, "partitions-added");
                awaitRows(database, "1:6");
            }
            kafka().delete(topic + "_third");
        }
    }

    @Test
    void positionsOfSeveralTopicsFollowTheConnectorsSlot() throws Exception {
        try (TestDatabase database = database()) {
            Map<String, String> connector = RunningKafka.connector(database, "dbz");
            kafka().put(database.name(), connector);
            try (RunningDaemon daemon = daemon(database, connector, database.name() + ".*")) {
                awaitOwnWrite(database, "INSERT INTO t VALUES (1, 'a', 1)");
                assertThat(rows(database)).containsExactly("1:1");
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
        StringWriter out = new StringWriter();
        Refreshd.commandLine(Map.of())
                .setOut(new PrintWriter(out, true))
                .execute("check", "--config", folder.resolve("refreshd.yaml").toString());
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
