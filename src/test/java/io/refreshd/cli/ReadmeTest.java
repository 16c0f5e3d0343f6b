package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;

class ReadmeTest {
    /** Verbs about the program itself, which the README need not list. */
    private static final Set<String> NOT_LISTED = Set.of("generate-completion", "version");

    @Test
    void theTableOfVerbsListsAllOthers() throws IOException {
        Set<String> verbs =
                new TreeSet<>(Refreshd.commandLine(Map.of()).getSubcommands().keySet());
        assertThat(verbs.removeAll(NOT_LISTED)).isTrue();
        String table = Files.readString(Path.of("README.md"))
                .split("\\| verb \\| does \\|", 2)[1]
                .split("\n\n", 2)[0];
        Set<String> named = table.lines()
                .map(line -> line.split("\\|", 3))
                .filter(cells -> cells.length == 3)
                .flatMap(cells ->
                        Pattern.compile("`([a-z-]+)`").matcher(cells[1]).results())
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(named).isEqualTo(verbs);
    }

    /** The figures of the first screen are those of the benchmark, and lead to how they were measured. */
    @Test
    void theFourNumbersAreMeasuredOnes() throws IOException {
        String benchmarks = Files.readString(Path.of("docs/BENCHMARKS.md"));
        List<MatchResult> rows = Pattern.compile(
                        "^\\| \\*\\*([\\d.]+)[^*]*\\*\\*(.*)\\[how]\\(docs/BENCHMARKS.md#([a-z-]+)\\) \\|$",
                        Pattern.MULTILINE)
                .matcher(Files.readString(Path.of("README.md")))
                .results()
                .toList();
        assertThat(rows).hasSize(4);
        for (MatchResult row : rows) {
            String place = row.group(3);
            int begin = Math.max(
                    benchmarks.indexOf("<a id=\"" + place + "\"></a>"),
                    benchmarks.toLowerCase(Locale.ROOT).indexOf("## " + place.replace('-', ' ') + "\n"));
            assertThat(begin).as(place).isPositive();
            String measured = benchmarks.substring(begin).split("\n#|\n<a id=", 2)[0];
            assertThat(numbers(measured)).as(row.group()).containsAll(numbers(row.group(1) + row.group(2)));
        }
    }

    private static Set<String> numbers(String text) {
        return Pattern.compile("\\d+(,\\d{3})*(\\.\\d+)?")
                .matcher(text)
                .results()
                .map(MatchResult::group)
                .collect(Collectors.toSet());
    }

    @Test
    void thePictureIsOneOfTheBenchmark() throws Exception {
        Document picture = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(Path.of("docs/commit-cost.svg").toFile());
        assertThat(picture.getDocumentElement().getTextContent())
                .contains("refreshd, incremental", "PostgreSQL ", "load ")
                .containsPattern("refreshd [0-9a-f]{7}.* 20\\d\\d-\\d\\d-\\d\\d");
    }
}
