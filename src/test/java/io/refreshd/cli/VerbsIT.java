package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.Installed;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import picocli.CommandLine;

/** The verbs as called from a shell, beside a running daemon. */
class VerbsIT {
    @TempDir
    private Path folder;

    private TestDatabase database;
    private StringWriter out = new StringWriter();
    private StringWriter err = new StringWriter();
    /** Sections of the configuration. */
    private String sections = "";

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "INSERT INTO main SELECT i, 'v' || i FROM generate_series(1, 20) i",
                "CREATE MATERIALIZED VIEW first AS SELECT id, v FROM main",
                "CREATE UNIQUE INDEX ON first (id)",
                "CREATE MATERIALIZED VIEW \"Odd.one\" AS SELECT id FROM main",
                "CREATE UNIQUE INDEX ON \"Odd.one\" (id)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void initCreatesEverythingOnceAndTeardownLeavesNothing() throws Exception {
        assertThat(execute("init")).isZero();
        assertThat(out.toString()).contains("ledger", "CREATE PUBLICATION", "slot " + database.slot());
        assertThat(slots()).isEqualTo("1");
        assertThat(execute("init")).isZero();
        assertThat(out.toString()).isEqualTo("Everything exists already.\n");

        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            assertThat(execute("teardown", "--yes")).isEqualTo(ExitCode.NOT_READY.code());
            assertThat(err.toString()).contains("a daemon is connected");
            assertThat(slots()).isEqualTo("1");
        }
        assertThat(execute("teardown")).isEqualTo(ExitCode.USAGE.code());
        assertThat(slots()).isEqualTo("1");
        await().untilAsserted(() -> assertThat(execute("teardown", "--yes")).isZero());
        assertThat(slots()).isEqualTo("0");
        assertThat(database.query(
                        "SELECT to_regnamespace('refreshd') IS NULL AND NOT EXISTS (SELECT FROM pg_publication)"))
                .containsExactly("t");
        assertThat(execute("teardown", "--yes", "--json")).isZero();
        assertThat(json().get("dropped")).isEmpty();

        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
        }
    }

    @Test
    void teardownLeavesSlotAndPublicationOfAConnector() throws Exception {
        assertThat(execute("init")).isZero();
        Path connector = Files.writeString(folder.resolve("connector.json"), "{}");
        sections = "  source: kafka\nviews: {}\nkafka: { bootstrap-servers: 'localhost:1', topics: t, connector: "
                + connector + " }";
        assertThat(execute("teardown", "--yes", "--json")).isZero();
        assertThat(json().get("dropped").toString()).isEqualTo("[\"schema refreshd\"]");
        assertThat(slots()).isEqualTo("1");
        assertThat(database.query("SELECT pubname FROM pg_publication")).containsExactly("refreshd");
    }

    @Test
    void theScriptOfInitLeavesNothingMissing() throws Exception {
        assertThat(execute("init", "--print")).isZero();
        assertThat(slots()).isEqualTo("0");
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            String[] parts = out.toString().split("COMMIT;", 2);
            statement.execute(parts[0] + "COMMIT;");
            for (String sql : parts[1].split(";\n")) {
                statement.execute(sql);
            }
        }
        assertThat(execute("init")).isZero();
        assertThat(out.toString()).isEqualTo("Everything exists already.\n");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
        }
    }

    @Test
    void graphShowsTheStepsOfEachDecisionAndTheRemedies() throws Exception {
        rolesAndASummary();
        database.execute(
                "CREATE TABLE keyed (id int PRIMARY KEY, role text)",
                "CREATE MATERIALIZED VIEW keyed_a AS SELECT id, role FROM keyed WHERE role = 'a'",
                "CREATE INDEX ON keyed_a (id) WHERE id > 0",
                "CREATE MATERIALIZED VIEW keyed_b AS SELECT id, role FROM keyed WHERE role = 'b'",
                "CREATE UNIQUE INDEX ON keyed_b (role, id)",
                "CREATE MATERIALIZED VIEW keyed_c AS SELECT id, role FROM keyed WHERE role = 'c'",
                "CREATE UNIQUE INDEX ON keyed_c (id) INCLUDE (role)");
        assertThat(execute("graph")).isZero();
        assertThat(out.toString())
                .contains("public.roles  (replica identity full)")
                .contains(
                        "public.of_a\n      reads id, role, v\n      decided by column, then value of role ('a'), then look-up by id")
                .contains("public.summary\n      reads role\n      decided by column\n      limited: ")
                .contains("public.main  (replica identity default: primary key)")
                .contains("remedy: ALTER TABLE \"public\".\"main\" REPLICA IDENTITY FULL")
                .contains("value of role ('a') (inserted rows only), then look-up by id")
                .contains("value of role ('b') (inserted rows only), then look-up by id")
                .contains("value of role ('c') (updated and deleted rows: by whether the view shows them), then")
                .contains("nor their former values\n")
                .contains(
                        "nor their former values; each UPDATE and DELETE is looked up in every view that selects rows by a"
                                + " value and has no index that begins with the table's key")
                .contains("public.of_a  (materialized view)\n  → public.stacked");
        assertThat(execute("graph", "--json")).isZero();
        JsonNode view = json().get("tables").get(2).get("views").get(0);
        assertThat(view.get("view").asText()).isEqualTo("public.of_a");
        assertThat(view.get("exact").asBoolean()).isTrue();
        assertThat(view.get("discriminator").get("values").get(0).asText()).isEqualTo("a");
    }

    /** Both views read the same table, and one that is made for it reads both. */
    @Test
    void graphAndCheckTellOfGroups() throws Exception {
        assertThat(execute("graph")).isZero();
        assertThat(out.toString())
                .contains("public.\"Odd.one\", public.first  could be refreshed together, so that they agree: they read"
                        + " the same tables\n      in views.together: ['\"public\".\"Odd.one\"', public.first]");
        database.execute(
                "CREATE MATERIALIZED VIEW page AS SELECT f.id FROM first f JOIN \"Odd.one\" o ON o.id = f.id",
                "CREATE UNIQUE INDEX ON page (id)");
        assertThat(execute("graph", "--json")).isZero();
        assertThat(json().get("could_be_together")).singleElement().satisfies(proposal -> {
            assertThat(proposal.get("why").asText()).isEqualTo("public.page reads them");
            assertThat(proposal.get("views"))
                    .extracting(JsonNode::asText)
                    .containsExactly("public.\"Odd.one\"", "public.first");
        });

        sections = "views: { together: [['public.\"Odd.one\"', public.first, public.absent]] }";
        assertThat(execute("graph")).isZero();
        assertThat(out.toString())
                .contains("public.\"Odd.one\", public.first  refreshed together\n")
                .doesNotContain("could be refreshed");
        execute("check");
        assertThat(out.toString())
                .contains("public.absent", "views.together names it, but there is no such materialized view");

        database.execute(
                "CREATE MATERIALIZED VIEW middle AS SELECT id FROM first",
                "CREATE UNIQUE INDEX ON middle (id)",
                "CREATE MATERIALIZED VIEW upper AS SELECT id FROM middle",
                "CREATE UNIQUE INDEX ON upper (id)");
        sections = "views: { together: [[public.page, public.first], [public.middle, public.upper]] }";
        assertThat(execute("graph")).isZero();
        assertThat(out.toString())
                .contains(
                        "public.page, public.first  refreshed together\n",
                        "public.middle, public.upper  refreshed together\n")
                .doesNotContain("not possible");

        sections = "views: { together: [[public.upper, public.first]] }";
        String conflict = "views.together names public.upper together with public.first, but it stands on that view"
                + " through others that are not in the group";
        assertThat(execute("graph")).isZero();
        assertThat(out.toString())
                .contains("public.upper, public.first  refreshed together\n  not possible: " + conflict);
        execute("check", "--json");
        assertThat(json().get("findings")).anySatisfy(finding -> {
            assertThat(finding.get("code").asText()).isEqualTo("together");
            assertThat(finding.get("severity").asText()).isEqualTo("error");
            assertThat(finding.get("what").asText()).startsWith(conflict);
        });
    }

    @Test
    void graphAndCheckTellOfWindowsAndSchedules() throws Exception {
        sections = """
                views:
                  max-staleness: 1h
                  overrides:
                    public.first: { window: "22:00-06:00 Europe/Berlin" }
                    public.f*: { schedule: "0 12 * * * Europe/Berlin" }
                """;
        assertThat(execute("graph")).isZero();
        assertThat(out.toString())
                .containsPattern("public\\.first  window: 22:00-06:00 Europe/Berlin, (open|closed) until 20")
                .contains("public.first  schedule: 0 12 * * * Europe/Berlin, next at 20");
        assertThat(execute("graph", "--json")).isZero();
        assertThat(json().get("calendar")).hasSize(1);
        assertThat(json().get("calendar").get(0).get("schedule").asText()).isEqualTo("0 12 * * * Europe/Berlin");
        execute("check");
        assertThat(out.toString())
                .contains("cannot be kept: the window is closed for")
                .contains("no time of its schedule falls into its window, 22:00-06:00 Europe/Berlin")
                .contains("may be staler than its target-lag: its window is closed for");
    }

    @Test
    void graphDrawsThePicture() throws Exception {
        assertThat(execute("graph", "--svg")).isZero();
        assertThat(drawn())
                .contains("Tables and views of database " + database.name(), "main", "first", "Odd.one")
                .contains("refreshd has not run here: freshness is not known", "2 views, of unknown freshness");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            assertThat(execute("graph", "--svg")).isZero();
            assertThat(drawn()).contains("2 fresh").doesNotContain("2 views, of unknown freshness");
        }
        rolesAndASummary();
        assertThat(execute("graph", "--svg", "--view", "public.stacked")).isZero();
        assertThat(drawn()).contains("stacked", "of_a", "roles").doesNotContain("on_b", "summary", "first");
        assertThat(execute("graph", "--svg", "--json")).isEqualTo(ExitCode.USAGE.code());
        assertThat(execute("graph", "--view", "public.stacked")).isEqualTo(ExitCode.USAGE.code());
        assertThat(execute("graph", "--svg", "--view", "public.nothing")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("no view that refreshd keeps fresh matches public.nothing");
    }

    /** The words of the picture, which is well-formed. */
    private List<String> drawn() throws Exception {
        NodeList texts = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(out.toString())))
                .getElementsByTagName("text");
        return IntStream.range(0, texts.getLength())
                .mapToObj(i -> texts.item(i).getTextContent())
                .toList();
    }

    @Test
    void explainShowsWhichViewsAChangeOfARowWouldRefresh() throws Exception {
        rolesAndASummary();
        assertThat(execute("explain", "public.roles", "--key", "2")).isZero();
        assertThat(out.toString())
                .contains("  refreshes  public.of_a\n", "the view shows it in 1 row(s)")
                .contains("  skips      public.of_b\n", "the view selects rows with role ('b'); this row has 'a'")
                .contains("  skips      public.of_long\n", "does not show the row, and a refresh would not add it")
                .contains("  refreshes  public.summary\n", "refreshed whenever role may have changed")
                .contains(
                        "  refreshes  public.stacked\n", "stands on public.of_a: refreshed when a refresh changes that")
                .contains("  skips      public.on_b\n", "stands on public.of_b, which is skipped");
        assertThat(execute("explain", "roles", "--key", "2", "--json")).isZero();
        assertThat(json().get("views")).hasSize(6);
        assertThat(execute("explain", "nowhere", "--key", "2")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("no included view reads a table nowhere");
        assertThat(execute("explain", "roles", "--key", "2", "--key", "3")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("the key of roles has 1 columns (id), and 2 values were given");
    }

    private void rolesAndASummary() throws Exception {
        database.execute(
                "CREATE TABLE roles (id int PRIMARY KEY, role text, v text)",
                "ALTER TABLE roles REPLICA IDENTITY FULL",
                "INSERT INTO roles VALUES (1, 'b', 'x'), (2, 'a', 'y')",
                "CREATE MATERIALIZED VIEW of_a AS SELECT id, v FROM roles WHERE role = 'a'",
                "CREATE MATERIALIZED VIEW of_b AS SELECT id, v FROM roles WHERE role = 'b'",
                "CREATE MATERIALIZED VIEW of_long AS SELECT id, v FROM roles WHERE length(v) > 5",
                "CREATE MATERIALIZED VIEW summary AS SELECT role, count(*) AS n FROM roles GROUP BY role",
                "CREATE MATERIALIZED VIEW stacked AS SELECT id FROM of_a",
                "CREATE MATERIALIZED VIEW on_b AS SELECT id FROM of_b");
    }

    @Test
    void explainFindsThePartitionOfARow() throws Exception {
        database.execute(
                "CREATE TABLE parts (id int, day int, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
                "CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (10)",
                "CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10) TO (20)",
                "INSERT INTO parts VALUES (1, 15, 'x')",
                "CREATE MATERIALIZED VIEW days AS SELECT id, day, v FROM parts");
        assertThat(execute("explain", "parts", "--key", "1", "--key", "15")).isZero();
        assertThat(out.toString()).contains("A change of public.part_2").contains("  refreshes  public.days\n");
        assertThat(execute("explain", "public.parts", "--key", "2", "--key", "15"))
                .isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("no partition of public.parts has a row with this key");
        assertThat(execute("explain", "parts", "--key", "1")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("the key of parts has 2 columns (id, day), and 1 values were given");
    }

    @Test
    void initNamesTheTransactionsThatTheSlotWaitsFor() throws Exception {
        try (Connection writer = database.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("INSERT INTO main VALUES (21, 'not committed')");
            CompletableFuture<Integer> init = CompletableFuture.supplyAsync(() -> execute("init"));
            await().until(() -> err.toString().contains("pg_terminate_backend"));
            writer.rollback();
            assertThat(init.get()).isZero();
        }
    }

    @Test
    void statusShowsEachViewAndThatTheDaemonIsAway() throws Exception {
        assertThat(execute("status")).isEqualTo(ExitCode.NOT_READY.code());
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            await().until(() -> database.query("SELECT bool_and(commit_time IS NOT NULL) FROM refreshd.freshness")
                    .equals(List.of("t")));
            assertThat(execute("status")).isZero();
            assertThat(out.toString())
                    .startsWith("The daemon is alive.")
                    .containsPattern("(?m)^public\\.\"Odd\\.one\" +fresh")
                    .containsPattern("(?m)^VIEW +STATE +METHOD +STALE +LAG +AS OF +REFRESHED +TOOK +REASON$")
                    .containsPattern("(?m)^public\\.first +fresh +concurrent +- +\\d+ k?B +.+ ago +.+ ago")
                    .doesNotContain("\u001b");
            assertThat(execute("status", "--json")).isZero();
            assertThat(json().at("/daemon/away").asBoolean()).isFalse();
            assertThat(json().at("/views/1/name").asText()).isEqualTo("first");
            assertThat(json().at("/views/1/watermark").asText()).contains("/");
            assertThat(Instant.parse(json().at("/views/1/commitTime").asText()))
                    .isBetween(Instant.now().minus(TestTimeout.LIMIT), Instant.now());
            assertThat(json().at("/views/1/stalenessSeconds").asDouble()).isZero();
        }
        database.execute("UPDATE refreshd.stream SET beat_at = beat_at - interval '1 hour'");
        assertThat(execute("status")).isZero();
        assertThat(out.toString())
                .startsWith("The daemon is away: its last heartbeat was 1 h 0 min ago.")
                .contains("Replication slot " + database.slot() + " is inactive.");
        assertThat(execute("status", "--json")).isZero();
        assertThat(json().at("/daemon/away").asBoolean()).isTrue();
    }

    @Test
    void aRequestThatNoDaemonReceivesIsWithdrawn() throws Exception {
        assertThat(execute("init")).isZero();
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
        }
        database.execute("UPDATE refreshd.stream SET beat_at = beat_at - interval '1 hour'");
        assertThat(execute("refresh", "public.first")).isEqualTo(ExitCode.FAILURE.code());
        assertThat(out.toString()).contains("public.first: no daemon answers", "withdrawn");
        assertThat(database.query("SELECT count(*) FROM refreshd.request")).containsExactly("0");
        assertThat(execute("pause", "public.none")).isEqualTo(ExitCode.USAGE.code());
        assertThat(execute("pause")).isEqualTo(ExitCode.USAGE.code());
        assertThat(execute("pause", "--all", "public.first")).isEqualTo(ExitCode.USAGE.code());
    }

    @Test
    void asksTheDaemonToRefreshPauseAndResume() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            long before = daemon.refreshes("public.first");
            assertThat(execute("refresh", "public.f*")).isZero();
            assertThat(out.toString()).isEqualTo("public.first: refreshed\n");
            // The verb reads the ledger, which is written before the daemon tells of it.
            await().untilAsserted(
                            () -> assertThat(daemon.refreshes("public.first")).isGreaterThan(before));

            assertThat(execute("pause", "public.\"Odd.one\"")).isZero();
            daemon.awaitPhase("public.\"Odd.one\"", ViewPhase.PAUSED);
            assertThat(execute("status")).isZero();
            assertThat(out.toString()).containsPattern("(?m)^public\\.\"Odd\\.one\" +paused");
            assertThat(execute("resume", "--all", "--json")).isZero();
            assertThat(json().at("/ok").asBoolean()).isTrue();
            daemon.awaitFresh();
            assertThat(database.query("SELECT count(*) FROM refreshd.request")).containsExactly("0");
        }
    }

    @Test
    void saysWhyARefreshWasNotDone() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("DROP INDEX first_id_idx");
            daemon.awaitPhase("public.first", ViewPhase.SUSPENDED);
            assertThat(execute("refresh", "public.first", "--timeout", "2s")).isEqualTo(ExitCode.FAILURE.code());
            assertThat(out.toString()).contains("public.first: ").contains("unique index");
        }
    }

    @Test
    void auditEndsWithOneIfAViewDiffers() throws Exception {
        assertThat(execute("audit")).isZero();
        assertThat(out.toString()).isEqualTo("public.\"Odd.one\": equal, 20 rows\npublic.first: equal, 20 rows\n");
        database.execute("UPDATE main SET v = 'new' WHERE id = 7");
        assertThat(execute("audit", "--json")).isEqualTo(ExitCode.FAILURE.code());
        assertThat(json().at("/views/0/verdict").asText()).isEqualTo("equal");
        assertThat(json().at("/views/1/verdict").asText()).isEqualTo("unexplained");
        assertThat(json().at("/views/1/keys/0").asText()).isEqualTo("(7)");
        assertThat(execute("audit", "public.\"Odd.one\"")).isZero();
    }

    /** The view differs, so the exit code says so, although the ledger explains the difference. */
    @Test
    void auditEndsWithOneForAViewWhoseRefreshIsDue() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            assertThat(execute("pause", "public.first")).isZero();
            database.execute("UPDATE main SET v = 'new' WHERE id = 7");
            await().until(() ->
                    daemon.view("public.first").orElseThrow().oldestMissing().isPresent());
            assertThat(execute("audit", "public.first")).isEqualTo(ExitCode.FAILURE.code());
            assertThat(out.toString()).startsWith("public.first: pending: 1 rows missing, 1 surplus");
            assertThat(execute("audit", "--json", "public.first")).isEqualTo(ExitCode.FAILURE.code());
            assertThat(json().at("/ok").asBoolean()).isFalse();
        }
    }

    @Test
    void completionIsAScriptThatBashReads() throws Exception {
        assertThat(execute(List.of("generate-completion"))).isZero();
        Path script = Files.writeString(folder.resolve("completion"), out.toString());
        assertThat(completed("bash", script, "refreshd", "sta")).containsExactly("status");
        assertThat(completed("bash", script, "refreshd", "teardown", "--f")).containsExactly("--force");
    }

    @Test
    void completionIsAScriptThatZshReads() throws Exception {
        Installed.orSkip("zsh");
        assertThat(execute(List.of("generate-completion"))).isZero();
        Path script = Files.writeString(folder.resolve("completion"), out.toString());
        // The script also offers other words; zsh itself drops those that do not begin with the typed one.
        assertThat(completed("zsh", script, "refreshd", "sta"))
                .contains("status")
                .doesNotContain("--force");
        assertThat(completed("zsh", script, "refreshd", "teardown", "--f"))
                .contains("--force")
                .doesNotContain("status", "--watch");
    }

    /** The completions that the shell offers for the last word. */
    private static List<String> completed(String shell, Path script, String... words) throws Exception {
        String first =
                shell.equals("zsh") ? "autoload -U compinit && compinit -u -D; setopt KSH_ARRAYS SH_WORD_SPLIT; " : "";
        Process process = new ProcessBuilder(
                        shell,
                        "-c",
                        first + "source " + script + " && COMP_WORDS=(" + String.join(" ", words) + ") COMP_CWORD="
                                + (words.length - 1) + " COMP_LINE='" + String.join(" ", words)
                                + "' && _complete_refreshd && printf '%s\\n' \"${COMPREPLY[@]}\"")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        List<String> lines = process.inputReader().lines().map(String::strip).toList();
        assertThat(TestTimeout.exitCode(process)).as(lines.toString()).isZero();
        return lines;
    }

    /** A daemon that hangs keeps its slot active. With --force its connection is terminated. */
    @Test
    void teardownWithForceDisconnectsADaemon() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            assertThat(execute("teardown", "--yes")).isEqualTo(ExitCode.NOT_READY.code());
            assertThat(execute("teardown", "--yes", "--force", "--json")).isZero();
            assertThat(json().get("dropped").toString()).contains("replication slot " + database.slot());
        }
    }

    private String slots() throws Exception {
        return String.valueOf(
                database.query("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '" + database.slot() + "'")
                        .getFirst());
    }

    private JsonNode json() throws Exception {
        return new ObjectMapper().readTree(out.toString());
    }

    private int execute(String verb, String... more) {
        try {
            Path file = Files.writeString(
                    folder.resolve("refreshd.yaml"),
                    RunningDaemon.configuration(database.url(), database.slot(), sections));
            List<String> arguments = new java.util.ArrayList<>(List.of(verb, "--config", file.toString()));
            arguments.addAll(List.of(more));
            return execute(arguments);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private int execute(List<String> arguments) {
        out = new StringWriter();
        err = new StringWriter();
        return Refreshd.commandLine(Map.of(), DatabaseChecker.connecting())
                .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments.toArray(String[]::new));
    }
}
