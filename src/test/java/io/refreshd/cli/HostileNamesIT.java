package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.EncodedLog;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Names with line breaks, terminal sequences and invisible characters forge nothing in log, verbs, page and metrics. */
class HostileNamesIT {
    private static final String FORGED = "FORGED ERROR Daemon";
    private static final List<String> NAMES = List.of(
            "a\n" + FORGED,
            "b\r\n" + FORGED + "\" state=\"fresh",
            "c\u001b[2J\u001b]0;title\u0007",
            "d\u009b31m\u0085" + FORGED,
            "e\u202egnp\u2028" + FORGED,
            "f\u0001\u007f\ttab",
            "g <script>alert(1)</script>",
            "h\"} 1\n" + FORGED);

    @TempDir
    private Path folder;

    private TestDatabase database;
    private String config = "";

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute("CREATE TABLE main (id int PRIMARY KEY)", "INSERT INTO main VALUES (1)");
        for (String name : NAMES) {
            String table = SqlNames.qualified(new TableId("public", "t" + name));
            String view = SqlNames.qualified(new ViewId("public", name));
            database.execute(
                    "CREATE TABLE " + table + " (id int PRIMARY KEY)",
                    // No unique index on some: their remedies hold the name too.
                    "CREATE MATERIALIZED VIEW " + view + " AS SELECT id, random() AS " + SqlNames.identifier(name)
                            + " FROM " + table,
                    name.startsWith("a") ? "SELECT 1" : "CREATE UNIQUE INDEX ON " + view + " (id)");
        }
        config = Files.writeString(
                        folder.resolve("refreshd.yaml"),
                        RunningDaemon.configuration(database.url(), database.slot(), ""))
                .toString();
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void noLineOfTheLogIsForged() throws Exception {
        try (EncodedLog log = new EncodedLog();
                RunningDaemon daemon = RunningDaemon.start(database)) {
            awaitAll(daemon);
            assertThat(log.events()).hasSizeGreaterThan(NAMES.size());
            for (EncodedLog.Event event : log.events()) {
                assertPlain(event.text());
                assertThat(event.json().lines()).hasSize(1);
                if (!event.trace()) {
                    assertThat(event.text().lines()).hasSize(1);
                }
            }
            assertThat(log.all()).contains("public.a\\n" + FORGED);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "status",
                "check",
                "graph",
                "refresh --all --timeout 3s",
                "audit",
                "explain public.main",
                "status --json",
                "check --json",
                "graph --json",
                "graph --svg"
            })
    void noLineOfAVerbIsForged(String verb) throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            awaitAll(daemon);
            String text = run(verb);
            assertThat(text).isNotBlank();
            assertPlain(text);
        }
    }

    @Test
    void metricsPageAndStatusAreWhole() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            awaitAll(daemon);
            int port = daemon.daemon().httpPort();
            assertThat(DaemonProcess.get(port, "/metrics").lines())
                    .allMatch(line ->
                            line.startsWith("# ") || line.matches("[a-z_0-9]+(\\{.*\\})? ([-+]?[0-9.eE-]+|\\+Inf|NaN)"))
                    .anyMatch(line -> line.contains("view=\"public.a\\n" + FORGED + "\""));
            String page = DaemonProcess.get(port, "/");
            assertThat(page).doesNotContain("<script>alert", "\u202e", "\u001b", "\u009b", "\u0007");
            assertPlain(DaemonProcess.get(port, "/status"));
            JsonNode status = new ObjectMapper().readTree(DaemonProcess.get(port, "/status"));
            assertThat(status.findValuesAsText("name")).containsAll(NAMES);
        }
    }

    /** A statement keeps the line breaks of the names in it, or it could not be run. Its lines are indented. */
    private static void assertPlain(String text) {
        assertThat(text.replace("\n", "").chars().filter(c -> Character.isISOControl(c) || c == 0x202e || c == 0x2028))
                .as(text)
                .isEmpty();
        assertThat(text.lines()).as("lines").noneMatch(line -> line.startsWith(FORGED));
    }

    private static void awaitAll(RunningDaemon daemon) {
        org.awaitility.Awaitility.await()
                .until(() -> daemon.daemon().status().views().stream()
                                .filter(view -> view.refreshedAt().isPresent())
                                .count()
                        == NAMES.size() - 1);
    }

    private String run(String verb) {
        StringWriter out = new StringWriter();
        List<String> arguments = new java.util.ArrayList<>(List.of(verb.split(" ")));
        arguments.addAll(1, List.of("--config", config));
        if (verb.startsWith("explain")) {
            arguments.set(arguments.size() - 1, "public.t" + NAMES.getFirst());
            arguments.addAll(List.of("--key", "1"));
        }
        Refreshd.commandLine(Map.of(), DatabaseChecker.connecting())
                .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(out, true))
                .execute(arguments.toArray(String[]::new));
        return out.toString();
    }
}
