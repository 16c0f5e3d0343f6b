package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Obstacle;
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
        assertThat(out.toString()).isEqualTo(good + " is a valid configuration.\n");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void aBadConfigurationIsToldInWords() {
        for (String verb : List.of("check", "run")) {
            err.getBuffer().setLength(0);
            assertThat(execute(configuration -> List.of(), verb, "--config", bad.toString()))
                    .isEqualTo(ExitCode.USAGE.code());
            assertThat(err.toString())
                    .isEqualTo("refreshd: " + bad + " has a problem:\n"
                            + "  line 1: database.url: is missing; write it; it has no default\n");
        }
    }

    @Test
    void aFileThatCannotBeReadIsToldInWords() {
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
    void aDatabaseThatIsNotReadyIsToldWithTheSql() {
        Doctor doctor = configuration -> List.of(
                new Obstacle("wal_level is replica.", "ALTER SYSTEM SET wal_level = logical;\n-- and restart"),
                new Obstacle("u may not replicate.", "ALTER ROLE u REPLICATION;"));

        assertThat(execute(doctor, "check", "--config", good.toString())).isEqualTo(ExitCode.NOT_READY.code());
        assertThat(err.toString()).isEqualTo("""
                        refreshd: the database is not ready:

                          wal_level is replica.
                            ALTER SYSTEM SET wal_level = logical;
                            -- and restart

                          u may not replicate.
                            ALTER ROLE u REPLICATION;
                        """);
    }

    @Test
    void aDatabaseThatCannotBeReachedHasItsOwnCode() {
        for (String state : List.of("08001", "28P01", "3D000", "57P03")) {
            Doctor doctor = configuration -> {
                throw new SQLException("refused", state);
            };
            assertThat(execute(doctor, "check", "--config", good.toString())).isEqualTo(ExitCode.UNREACHABLE.code());
        }
        assertThat(err.toString()).startsWith("refreshd: the database cannot be reached: refused\n");
    }

    @Test
    void theUnexpectedHasAStackTraceOnlyWhereAskedFor() {
        Doctor doctor = configuration -> {
            throw new IllegalStateException("oops");
        };
        assertThat(execute(doctor, "check", "--config", good.toString())).isEqualTo(ExitCode.FAILURE.code());
        assertThat(err.toString())
                .isEqualTo("refreshd: unexpected failure: java.lang.IllegalStateException: oops\n"
                        + "With --verbose there is a stack trace.\n");

        execute(doctor, "check", "--verbose", "--config", good.toString());
        assertThat(err.toString()).contains("\tat io.refreshd.cli.RefreshdTest");

        err.getBuffer().setLength(0);
        execute(Map.of("REFRESHD_VERBOSE", "true"), doctor, "check", "--config", good.toString());
        assertThat(err.toString()).contains("\tat io.refreshd.cli.RefreshdTest").doesNotContain("hunter2");
    }

    @Test
    void aWrongCommandLineIsToldInWords() {
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
    void everyVerbExplainsItself() {
        for (String verb : List.of("run", "check", "demo", "version")) {
            out.getBuffer().setLength(0);
            assertThat(execute(configuration -> List.of(), verb, "--help")).isZero();
            assertThat(out.toString()).startsWith("Usage: refreshd " + verb).doesNotContain("\u001b");
        }
    }

    @Test
    void printsTheVersion() {
        assertThat(execute(configuration -> List.of(), "version")).isZero();
        assertThat(out.toString()).startsWith("refreshd ").contains("(Java " + Runtime.version() + ")");
    }

    @Test
    void theTableOfExitCodesIsTheCodes() throws IOException {
        String expected = Arrays.stream(ExitCode.values())
                .map(code -> "| " + code.code() + " | `" + code + "` | " + code.meaning() + " |")
                .collect(Collectors.joining("\n"));
        assertThat(Files.readString(Path.of("docs/exit-codes.md"))).contains(expected);
    }

    private int execute(Doctor doctor, String... arguments) {
        return execute(Map.of(), doctor, arguments);
    }

    private int execute(Map<String, String> environment, Doctor doctor, String... arguments) {
        return Refreshd.commandLine(environment, doctor)
                .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}
