package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.refreshd.doctor.RestoredSchema;
import io.refreshd.testing.Checked;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What check says of a large schema that was restored a moment ago, and the script that it prints. */
class RemedyScriptIT {
    /** The problems that the script removes. */
    private static final List<String> MENDED = List.of("not-refreshable", "never-populated", "replica-identity");

    @TempDir
    private Path folder;

    private TestDatabase database;

    @BeforeEach
    void restore() throws Exception {
        database = TestDatabase.create();
        database.execute(RestoredSchema.statements().toArray(String[]::new));
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void theScriptRunsInItsOrderAndMendsWhatItNames() throws Exception {
        assertThat(database.query("SELECT count(*) FROM pg_class WHERE relkind = 'm'"))
                .containsExactly(String.valueOf(RestoredSchema.VIEWS));
        assertThat(database.query(
                        "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'app'::regnamespace"))
                .containsExactly(String.valueOf(RestoredSchema.TABLES));
        assertThat(codes()).containsAll(MENDED);
        // At once, as psql does: a name may go over several lines.
        database.execute(check("--sql"));
        assertThat(codes()).doesNotContainAnyElementsOf(MENDED).doesNotContain("not-examined", "untracked-source");
        assertThat(Checked.of(configuration()).findings())
                .as("errors")
                .noneMatch(finding -> finding.path("severity").asText().equals("error"));
        assertThat(check("--sql").lines().filter(line -> !line.startsWith("--") && !line.isBlank()))
                .as("nothing is left to do")
                .isEmpty();
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
        }
    }

    @Test
    void oneFindingForEachCause() throws Exception {
        Checked checked = Checked.of(configuration());
        List<String> kinds = checked.findings().stream()
                .map(finding ->
                        finding.path("code").asText() + finding.path("what").asText())
                .toList();
        assertThat(kinds).doesNotHaveDuplicates().hasSizeLessThan(12);
        JsonNode keyless = checked.findings().stream()
                .filter(finding -> finding.path("code").asText().equals("replica-identity"))
                .findFirst()
                .orElseThrow();
        assertThat(keyless.path("concerns")).hasSizeGreaterThan(50);
        assertThat(keyless.path("remedy").path("sql")).hasSizeGreaterThan(50);
        assertThat(keyless.path("about").asText()).endsWith(" more");
        JsonNode functions = checked.findings().stream()
                .filter(finding -> finding.path("code").asText().equals("search-path"))
                .findFirst()
                .orElseThrow();
        assertThat(functions.path("concerns")).hasSize(8);
        assertThat(functions.path("remedy").path("sql")).hasSize(25);
        assertThat(check("--sql")).contains("--   ALTER FUNCTION app.f_24(integer) SET search_path");
        String text = check();
        assertThat(text.lines()).hasSizeLessThan(70);
        assertThat(text).hasSizeLessThan(10_000);
        assertThat(text).contains("and so on for").contains("refreshd check --sql prints all");
    }

    private List<String> codes() throws Exception {
        return Checked.of(configuration()).findings().stream()
                .map(finding -> finding.path("code").asText())
                .toList();
    }

    private String configuration() throws Exception {
        return RunningDaemon.configuration(
                database.url(), database.slot(), "views: { include: ['*.*'], quiet-period: 50ms }");
    }

    private String check(String... options) throws Exception {
        Path file = Files.writeString(folder.resolve("refreshd.yaml"), configuration());
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Refreshd.commandLine(Map.of())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(Stream.concat(Stream.of("check", "--config", file.toString()), Stream.of(options))
                        .toArray(String[]::new));
        assertThat(err.toString()).isEmpty();
        return out.toString();
    }
}
