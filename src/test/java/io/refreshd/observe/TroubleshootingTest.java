package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.report.Lateness;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/troubleshooting.md explains every message, reason and code that refreshd writes, and no other. */
class TroubleshootingTest {
    /** The message of a logging statement: of {@code log}, of {@code warn} as in {@link ThrottledLog}, and of {@code logOnce}. */
    private static final Pattern MESSAGE =
            Pattern.compile("(?:\\.log\\(|\\bwarn\\(|logOnce\\(\\s*\\w+,)\\s*\"([^\"]+)\"");

    /** Statements below WARN, which need no explanation. */
    private static final Pattern BELOW_WARN = Pattern.compile("at(?:Info|Debug|Trace)\\(|\\babout\\(|\\bline\\.log\\(");

    private static final Pattern CODE = Pattern.compile("`([^`]+)`");

    @Test
    void everyWarningAndErrorIsExplained() throws IOException {
        Set<String> written = new TreeSet<>();
        for (String statement : statements()) {
            if (!BELOW_WARN.matcher(statement).find()) {
                found(MESSAGE, statement).forEach(written::add);
            }
        }
        assertThat(written)
                .contains("Refresh failed", "Waiting", "The server keeps much log for the slot")
                .hasSizeGreaterThan(15);
        assertThat(firstCells("In the log")).containsAll(written);
    }

    @Test
    void everyMessageOfTheTableIsWritten() throws IOException {
        String sources = String.join(";", statements());
        assertThat(firstCells("In the log"))
                .allSatisfy(message -> assertThat(sources).contains('"' + message.replaceFirst(" …$", "")));
    }

    @Test
    void theReasonsForBeingLateAreTheCodes() throws IOException {
        assertThat(firstCells("Reasons for being late"))
                .isEqualTo(Arrays.stream(Lateness.values()).map(Lateness::words).collect(Collectors.toSet()));
    }

    @Test
    void everyCodeThatIsCountedFromTheStartIsExplainedAndNoOther() throws IOException {
        assertThat(firstCells("SQLSTATE of a failed refresh")).isEqualTo(new HashSet<>(MetricNames.SQL_STATES));
    }

    @Test
    void theReasonsOfGapsAreTheRunbooks() throws IOException {
        String section = section("docs/runbook.md", "A gap was found");
        assertThat(found(Pattern.compile("(?m)^- `([a-z-]+)`:"), section).toList())
                .containsExactlyInAnyOrderElementsOf(MetricNames.GAP_REASONS);
    }

    /** What stands in backticks in the first column; one row may explain several. */
    private static Set<String> firstCells(String title) throws IOException {
        return section("docs/troubleshooting.md", title)
                .lines()
                .filter(line -> line.startsWith("| `"))
                .flatMap(line -> found(CODE, line.substring(0, line.indexOf(" | "))))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String section(String file, String title) throws IOException {
        return Files.readString(Path.of(file))
                .split("(?m)^## " + Pattern.quote(title) + "$", 2)[1]
                .split("(?m)^## ", 2)[0];
    }

    private static List<String> statements() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            StringBuilder sources = new StringBuilder();
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                sources.append(Files.readString(file));
            }
            return List.of(sources.toString().split("[;{]\\s*\n"));
        }
    }

    private static Stream<String> found(Pattern pattern, String text) {
        return pattern.matcher(text).results().map((MatchResult found) -> found.group(1));
    }
}
