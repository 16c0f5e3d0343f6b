package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.incremental.Conversion;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.model.ViewId;
import io.refreshd.testing.Installed;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.RunningPrometheus;
import io.refreshd.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Test;

/** A real Prometheus scrapes the daemon under load and evaluates every expression of the dashboards and alerts. */
class PrometheusIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Two views with one set of series: more than one of them may be in a state. */
    private static final String GROUP = "public.grouped_*";

    private static final Pattern SELECTOR = Pattern.compile("(?:refreshd_|process_|\\bup\\b)\\w*(?:\\{[^}]*})?");

    @Test
    void everyExpressionOfDashboardsAndAlertsIsAnswered() throws Exception {
        Installed.orSkip("prometheus");
        AtomicBoolean done = new AtomicBoolean();
        try (TestDatabase database = schema();
                RunningDaemon daemon = RunningDaemon.start(
                        database,
                        "views: { quiet-period: 50ms, target-lag: 1m }\nmetrics: { groups: [\"" + GROUP + "\"] }");
                RunningPrometheus prometheus =
                        RunningPrometheus.start(daemon.daemon().httpPort())) {
            CompletableFuture<Void> load = CompletableFuture.runAsync(() -> write(database, done));
            try {
                awaitSamples(prometheus);
                everyPanelShowsData(prometheus);
                everyVariableHasValues(prometheus);
                everyAlertIsEvaluated(prometheus);
            } finally {
                done.set(true);
                load.join();
            }
        }
    }

    private static void awaitSamples(RunningPrometheus prometheus) {
        await("two scrapes after a refresh")
                .until(() -> !prometheus
                        .query("rate(refreshd_commit_to_visible_seconds_count[15s]) > 0")
                        .isEmpty());
    }

    private static void everyPanelShowsData(RunningPrometheus prometheus) throws IOException {
        Map<String, String> expressions = new TreeMap<>();
        for (Path file : dashboards()) {
            for (JsonNode panel : JSON.readTree(file.toFile()).get("panels")) {
                for (JsonNode target : panel.path("targets")) {
                    for (String view : List.of("public.role_a", GROUP)) {
                        expressions.put(
                                file.getFileName() + ": " + panel.get("title").asText() + " "
                                        + target.get("refId").asText() + " of " + view,
                                filledIn(target.get("expr").asText(), view));
                    }
                }
            }
        }
        assertThat(expressions).hasSizeGreaterThan(40);
        expressions.forEach((panel, expression) -> await(panel + "\n" + expression)
                // Most have their data by now, and the load goes on meanwhile.
                .pollDelay(Duration.ZERO)
                .until(() -> !prometheus.query(expression).isEmpty()));
    }

    private static void everyVariableHasValues(RunningPrometheus prometheus) throws IOException {
        Pattern form = Pattern.compile("label_values\\((.+), (\\w+)\\)");
        int variables = 0;
        for (Path file : dashboards()) {
            for (JsonNode variable : JSON.readTree(file.toFile()).at("/templating/list")) {
                if (variable.get("type").asText().equals("query")) {
                    Matcher query = form.matcher(variable.at("/query/query").asText());
                    assertThat(query.matches()).as(variable.toString()).isTrue();
                    assertThat(prometheus.labelValues(filledIn(query.group(1), ".*"), query.group(2)))
                            .as(variable.toString())
                            .isNotEmpty();
                    variables++;
                }
            }
        }
        assertThat(variables).isEqualTo(6);
    }

    /** The parts of a condition, each evaluated alone: a condition has no result both when it is not met and when its series is missing. */
    private static void everyAlertIsEvaluated(RunningPrometheus prometheus) {
        await("all rules are evaluated")
                .until(() -> rules(prometheus).stream()
                        .noneMatch(rule -> rule.get("health").asText().equals("unknown")));
        List<JsonNode> rules = rules(prometheus);
        assertThat(rules).hasSizeGreaterThanOrEqualTo(12);
        for (JsonNode rule : rules) {
            assertThat(rule.get("health").asText()).as(rule.toString()).isEqualTo("ok");
            assertThat(rule.get("state").asText()).as(rule.toString()).isNotEqualTo("firing");
            List<String> selectors = SELECTOR.matcher(rule.get("query").asText())
                    .results()
                    .map(found -> found.group())
                    .toList();
            assertThat(selectors).as(rule.toString()).isNotEmpty();
            assertThat(selectors)
                    .as(rule.toString())
                    .allSatisfy(selector ->
                            assertThat(prometheus.query(selector)).as(selector).isNotEmpty());
        }
    }

    private static List<JsonNode> rules(RunningPrometheus prometheus) {
        List<JsonNode> rules = new ArrayList<>();
        prometheus
                .get("/api/v1/rules")
                .at("/data/groups")
                .forEach(group -> group.get("rules").forEach(rules::add));
        return rules;
    }

    /** Replaces variables as Grafana does, for a scrape interval of a second. */
    private static String filledIn(String expression, String view) {
        return expression
                .replace("$__rate_interval", "15s")
                .replace("$__range", "1m")
                .replace("$job", ".*")
                .replace("$instance", ".*")
                .replace(
                        "view=~\"$view\"",
                        "view=~\"" + view.replace(".", "\\\\.").replace("*", "\\\\*") + "\"")
                .replace("$view", view);
    }

    private static List<Path> dashboards() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("grafana/dashboards"))) {
            return files.sorted().toList();
        }
    }

    private static TestDatabase schema() throws Exception {
        TestDatabase database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, role text NOT NULL, v text, note text)",
                "ALTER TABLE main REPLICA IDENTITY FULL",
                "INSERT INTO main SELECT i, CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END, 'v' || i FROM generate_series(1, 100) i",
                "CREATE MATERIALIZED VIEW role_a AS SELECT id, v FROM main WHERE role = 'a'",
                "CREATE UNIQUE INDEX ON role_a (id)",
                "CREATE MATERIALIZED VIEW role_b AS SELECT id, v FROM main WHERE role = 'b'",
                "CREATE UNIQUE INDEX ON role_b (id)",
                "CREATE MATERIALIZED VIEW grouped_1 AS SELECT id, v FROM main WHERE id < 50",
                "CREATE UNIQUE INDEX ON grouped_1 (id)",
                "CREATE MATERIALIZED VIEW grouped_2 AS SELECT id, v FROM main WHERE id >= 50",
                "CREATE UNIQUE INDEX ON grouped_2 (id)");
        // A view of its own and one of the group are incremental, so that the panels of rounds have something to show.
        try (Handle handle = database.open()) {
            LedgerSchema.migrate(handle);
            Conversion.forward(handle, new ViewId("public", "role_a"));
            Conversion.forward(handle, new ViewId("public", "grouped_1"));
        }
        return database;
    }

    private static void write(TestDatabase database, AtomicBoolean done) {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            for (int i = 0; !done.get(); i++) {
                statement.execute("UPDATE main SET v = 'w" + i + "' WHERE id = " + (1 + i % 100));
                statement.execute("UPDATE main SET note = 'n" + i + "' WHERE id = " + (1 + i % 100));
                statement.execute("SELECT pg_sleep(0.02)");
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
