package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.daemon.InternalErrorException;
import io.refreshd.doctor.Finding;
import io.refreshd.doctor.Severity;
import io.refreshd.model.Remedy;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class RefreshdTest {
    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Path good = Path.of("");
    private Path bad = Path.of("");

    @BeforeEach
    void writeFiles() throws IOException {
        good = Files.writeString(
                folder.resolve("good.yaml"),
                "database: { url: 'jdbc:postgresql://db/app', user: u, password: '${PASSWORD:-hunter2}' }");
        bad = Files.writeString(folder.resolve("bad.yaml"), "database: { user: u }");
    }

    @Test
    void aGoodConfigurationIsOk() {
        assertThat(execute(configuration -> List.of(), "check", "--config", good.toString()))
                .isEqualTo(ExitCode.OK.code());
        assertThat(out.toString()).isEqualTo(good + " is a valid configuration.\n\nNo problems found.\n");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void aBadConfigurationIsReportedWithoutAStackTrace() {
        for (String verb : List.of("check", "run", "status", "audit", "init")) {
            err.getBuffer().setLength(0);
            assertThat(execute(configuration -> List.of(), verb, "--config", bad.toString()))
                    .isEqualTo(ExitCode.USAGE.code());
            assertThat(err.toString())
                    .isEqualTo("refreshd: " + bad + " has a problem:\n"
                            + "  line 1: database.url: is missing; write it; it has no default\n");
        }
    }

    @Test
    void aFileThatCannotBeReadIsReportedWithoutAStackTrace() {
        assertThat(execute(configuration -> List.of(), "check", "--config", folder + "/none"))
                .isEqualTo(ExitCode.USAGE.code());
        assertThat(execute(configuration -> List.of(), "check", "--config", folder.toString()))
                .isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString())
                .isEqualTo("refreshd: " + folder
                        + "/none: there is no such file; config/refreshd.yaml is a sample to start from\n"
                        + "refreshd: " + folder + ": is a directory, not a configuration file\n");
    }

    @Test
    void anInternalErrorHasItsOwnExitCode() {
        DatabaseChecker checker = configuration -> {
            throw new InternalErrorException(new IllegalStateException("impossible"));
        };
        assertThat(execute(checker, "check", "--config", good.toString())).isEqualTo(ExitCode.INTERNAL.code());
        assertThat(err.toString())
                .isEqualTo("refreshd: the daemon ended itself after an internal error:"
                        + " java.lang.IllegalStateException: impossible\n");
    }

    @Test
    void aDatabaseThatIsNotReadyIsReportedWithTheRemedy() {
        DatabaseChecker checker = configuration -> List.of(
                new Finding(
                        Severity.ERROR,
                        "prerequisite",
                        "server",
                        "wal_level is replica.",
                        "Nothing can be captured.",
                        Remedy.sql("ALTER SYSTEM SET wal_level = logical").and("and restart")),
                new Finding(
                        Severity.INFO, "synchronous", "setting", "commits wait", "A refresh waits too.", Remedy.NONE));

        assertThat(execute(checker, "check", "--config", good.toString())).isEqualTo(ExitCode.NOT_READY.code());
        assertThat(out.toString()).isEqualTo(good + """
                         is a valid configuration.

                        ERROR  server: wal_level is replica.
                            Nothing can be captured.
                              ALTER SYSTEM SET wal_level = logical; -- and restart

                        INFO  setting: commits wait
                            A refresh waits too.

                        1 error, 0 warnings, 1 remark.
                        """);
    }

    @Test
    void warningsAloneHaveTheirOwnCodeAndNothingButJsonIsPrinted() {
        DatabaseChecker checker = configuration -> List.of(
                new Finding(Severity.WARNING, "bloat", "public.v", "is \"bloated\"", "why", Remedy.sql("VACUUM")));
        assertThat(execute(checker, "check", "--json", "--config", good.toString()))
                .isEqualTo(ExitCode.WARNINGS.code());
        assertThat(out.toString())
                .startsWith("{")
                .contains("\"ok\" : true", "\"severity\" : \"warning\"", "is \\\"bloated\\\"");
    }

    @Test
    void aDatabaseThatCannotBeReachedHasItsOwnCode() {
        for (String state : List.of("08001", "28P01", "3D000", "57P03")) {
            DatabaseChecker checker = configuration -> {
                throw new SQLException("refused", state);
            };
            assertThat(execute(checker, "check", "--config", good.toString())).isEqualTo(ExitCode.UNREACHABLE.code());
        }
        assertThat(err.toString()).startsWith("refreshd: the database cannot be reached: refused\n");
    }

    @Test
    void anUnexpectedFailureHasAStackTraceOnlyOnRequest() {
        DatabaseChecker checker = configuration -> {
            throw new IllegalStateException("oops");
        };
        assertThat(execute(checker, "check", "--config", good.toString())).isEqualTo(ExitCode.FAILURE.code());
        assertThat(err.toString())
                .isEqualTo("refreshd: unexpected failure: java.lang.IllegalStateException: oops\n"
                        + "With --verbose there is a stack trace.\n");

        execute(checker, "check", "--verbose", "--config", good.toString());
        assertThat(err.toString()).contains("\tat io.refreshd.cli.RefreshdTest");

        err.getBuffer().setLength(0);
        execute(Map.of("REFRESHD_VERBOSE", "true"), checker, "check", "--config", good.toString());
        assertThat(err.toString()).contains("\tat io.refreshd.cli.RefreshdTest").doesNotContain("hunter2");
    }

    @Test
    void aWrongCommandLineIsReportedWithoutAStackTrace() {
        assertThat(execute(configuration -> List.of(), "chek")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString())
                .isEqualTo("refreshd: Unmatched argument at index 0: 'chek'\n"
                        + "Did you mean: refreshd check?\nTry: refreshd --help\n");

        err.getBuffer().setLength(0);
        assertThat(execute(configuration -> List.of(), "run")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString())
                .isEqualTo("refreshd: Missing required option: '--config=FILE'\nTry: refreshd run --help\n");
    }

    @Test
    void everyVerbExplainsItself() throws IOException {
        String table = Files.readString(Path.of("docs/cli.md"));
        for (String verb : Refreshd.commandLine(Map.of(), configuration -> List.of())
                .getSubcommands()
                .keySet()) {
            out.getBuffer().setLength(0);
            assertThat(execute(configuration -> List.of(), verb, "--help")).isZero();
            assertThat(out.toString())
                    .startsWith("Usage: refreshd " + verb)
                    .containsPattern("(?m)^Examples?:$")
                    .containsPattern("(?m)^Exit codes:\n +0 +Done")
                    .containsPattern("(?m)^Environment:$")
                    .contains("REFRESHD_VERBOSE")
                    .doesNotContain("\u001b", "%n");
            assertThat(table).containsPattern("(?m)^\\|.*`" + verb + "`.*\\|");
        }
    }

    @Test
    void aFailureIsPrintedAsJsonToo() throws Exception {
        assertThat(execute(configuration -> List.of(), "status", "--json", "--config", bad.toString()))
                .isEqualTo(ExitCode.USAGE.code());
        JsonNode refused = json();
        assertThat(refused.get("ok").asBoolean()).isFalse();
        assertThat(refused.get("error").asText()).contains("database.url: is missing");
        assertThat(refused.get("exitCode").asInt()).isEqualTo(2);

        assertThat(execute(
                        configuration -> {
                            throw new SQLException("refused", "08001");
                        },
                        "check",
                        "--json",
                        "--config",
                        good.toString()))
                .isEqualTo(ExitCode.UNREACHABLE.code());
        assertThat(json().get("exit").asText()).isEqualTo("UNREACHABLE");

        assertThat(execute(configuration -> List.of(), "audit", "--json")).isEqualTo(ExitCode.USAGE.code());
        assertThat(json().get("error").asText()).contains("--config");
    }

    /** The JSON that was printed last. */
    private JsonNode json() throws Exception {
        JsonNode node = new ObjectMapper().readTree(out.toString());
        out.getBuffer().setLength(0);
        return node;
    }

    @Test
    void printsTheVersion() throws Exception {
        assertThat(execute(configuration -> List.of(), "version")).isZero();
        assertThat(out.toString()).startsWith("refreshd ").contains("(Java " + Runtime.version() + ")");
        out.getBuffer().setLength(0);
        assertThat(execute(configuration -> List.of(), "version", "--json")).isZero();
        assertThat(json().get("java").asText()).isEqualTo(Runtime.version().toString());
    }

    @Test
    void theTableOfExitCodesIsTheCodes() throws IOException {
        String expected = Arrays.stream(ExitCode.values())
                .map(code -> "| " + code.code() + " | `" + code + "` | " + code.meaning() + " |")
                .collect(Collectors.joining("\n"));
        assertThat(Files.readString(Path.of("docs/exit-codes.md"))).contains(expected);
    }

    private int execute(DatabaseChecker checker, String... arguments) {
        return execute(Map.of(), checker, arguments);
    }

    private int execute(Map<String, String> environment, DatabaseChecker checker, String... arguments) {
        return Refreshd.commandLine(environment, checker)
                .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}
