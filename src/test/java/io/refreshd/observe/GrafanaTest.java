package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.model.Method;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Form of the Grafana dashboards, as far as it can be checked without Grafana; {@code PrometheusIT} runs their queries. */
class GrafanaTest {
    private static final String OVERVIEW = "refreshd-overview.json";
    private static final String ONE_VIEW = "refreshd-view.json";

    /** Panel types of Grafana 11 in use. The older graph, singlestat and table-old were written in Angular and are removed. */
    private static final Set<String> TYPES =
            Set.of("row", "stat", "bargauge", "timeseries", "state-timeline", "table", "heatmap");

    private static final Set<String> GRAFANAS_OWN = Set.of("__rate_interval", "__range");
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{?(\\w+)");

    @ParameterizedTest
    @ValueSource(strings = {OVERVIEW, ONE_VIEW})
    void hasWhatGrafanaLooksFor(String file) throws IOException {
        JsonNode dashboard = read(file);
        assertThat(file).isEqualTo(dashboard.at("/uid").asText() + ".json");
        assertThat(dashboard.at("/title").asText()).startsWith("refreshd: ");
        assertThat(dashboard.at("/schemaVersion").asInt()).as("of Grafana 11").isGreaterThanOrEqualTo(39);
        assertThat(dashboard.has("id")).as("a number of another installation").isFalse();
        assertThat(dashboard.at("/links/0/tags/0").asText())
                .as("leads to the other one")
                .isEqualTo("refreshd");
        assertThat(dashboard.at("/tags/0").asText()).isEqualTo("refreshd");
    }

    @ParameterizedTest
    @ValueSource(strings = {OVERVIEW, ONE_VIEW})
    void namesNoInstallation(String file) throws IOException {
        JsonNode dashboard = read(file);
        JsonNode first = dashboard.at("/templating/list/0");
        assertThat(first.get("name").asText()).isEqualTo("datasource");
        assertThat(first.get("type").asText()).isEqualTo("datasource");
        assertThat(first.get("query").asText()).isEqualTo("prometheus");
        List<JsonNode> sources = dashboard.findValues("datasource");
        assertThat(sources).hasSizeGreaterThan(20);
        sources.forEach(source -> {
            assertThat(source.get("uid").asText()).isEqualTo("${datasource}");
            assertThat(source.get("type").asText()).isEqualTo("prometheus");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {OVERVIEW, ONE_VIEW})
    void everyPanelIsWholeAndSaysWhatToDo(String file) throws IOException {
        Set<Integer> ids = new HashSet<>();
        for (JsonNode panel : panels(read(file))) {
            String title = file + ": " + panel.path("title").asText();
            assertThat(ids.add(panel.get("id").asInt()))
                    .as(title + ": its id is its own")
                    .isTrue();
            assertThat(panel.path("title").asText()).as(title).isNotBlank();
            assertThat(TYPES).as(title).contains(panel.get("type").asText());
            if (panel.get("type").asText().equals("row")) {
                continue;
            }
            assertThat(panel.path("description").asText())
                    .as(title)
                    .hasSizeGreaterThan(40)
                    .endsWith(".");
            // A table may hold only text.
            assertThat(panel.toString()).as(title).containsPattern("\"unit\"|\"type\":\"table\"");
            assertThat(panel.get("targets")).as(title).isNotEmpty();
            Set<String> letters = new HashSet<>();
            for (JsonNode target : panel.get("targets")) {
                assertThat(letters.add(target.get("refId").asText())).as(title).isTrue();
                assertThat(target.get("expr").asText()).as(title).isNotBlank();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {OVERVIEW, ONE_VIEW})
    void noPanelLiesOnAnother(String file) throws IOException {
        Set<String> cells = new HashSet<>();
        for (JsonNode panel : panels(read(file))) {
            JsonNode at = panel.get("gridPos");
            assertThat(at.get("x").asInt() + at.get("w").asInt()).isLessThanOrEqualTo(24);
            for (int x = at.get("x").asInt();
                    x < at.get("x").asInt() + at.get("w").asInt();
                    x++) {
                for (int y = at.get("y").asInt();
                        y < at.get("y").asInt() + at.get("h").asInt();
                        y++) {
                    assertThat(cells.add(x + "/" + y))
                            .as(panel.get("title").asText())
                            .isTrue();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {OVERVIEW, ONE_VIEW})
    void everyVariableIsDeclaredAndUsed(String file) throws IOException {
        JsonNode dashboard = read(file);
        Set<String> declared = dashboard.at("/templating/list").findValuesAsText("name").stream()
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> used = VARIABLE.matcher(dashboard.toString())
                .results()
                .map(found -> found.group(1))
                .filter(name -> !name.equals("__all"))
                .collect(Collectors.toCollection(TreeSet::new));
        used.removeAll(GRAFANAS_OWN);
        assertThat(used).isEqualTo(declared);
    }

    /** An absent daemon has no data; a green zero would be a false all-clear. */
    @ParameterizedTest
    @ValueSource(strings = {OVERVIEW, ONE_VIEW})
    void noPanelShowsAValueWhereThereIsNoData(String file) throws IOException {
        assertThat(expressions(read(file))).noneMatch(expression -> expression.contains("vector("));
    }

    @ParameterizedTest
    @ValueSource(strings = {OVERVIEW, ONE_VIEW})
    void statesAndReasonsAreAllThere(String file) throws IOException {
        List<JsonNode> timelines = panels(read(file)).stream()
                .filter(panel -> panel.get("type").asText().equals("state-timeline"))
                .toList();
        assertThat(timelines).isNotEmpty();
        for (JsonNode timeline : timelines) {
            String expression = timeline.at("/targets/0/expr").asText();
            JsonNode words = timeline.at("/fieldConfig/defaults/mappings/0/options");
            for (ViewPhase phase : ViewPhase.values()) {
                assertThat(words.findValuesAsText("text")).contains(phase.word());
                var number = Pattern.compile("state=\"" + phase.word() + "\"} > 0\\) \\* 0 \\+ (\\d)")
                        .matcher(expression);
                assertThat(number.find()).as(phase.word()).isTrue();
                assertThat(words.at("/" + number.group(1) + "/text").asText()).isEqualTo(phase.word());
            }
        }
        JsonNode saved = panels(read(file)).stream()
                .filter(panel -> panel.get("title").asText().equals("Changes that needed no refresh"))
                .findFirst()
                .orElseThrow();
        for (Notice.Avoided reason : Notice.Avoided.values()) {
            assertThat(saved.get("description").asText()).contains(MetricNames.labelValue(reason) + ":");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {OVERVIEW, ONE_VIEW})
    void roundsTheirKeysAndWhyEverythingWasRecomputedAreShown(String file) throws IOException {
        assertThat(expressions(read(file)))
                .anyMatch(expression -> expression.contains(MetricNames.REFRESHES)
                        && expression.contains("method=\"" + MetricNames.labelValue(Method.INCREMENTAL) + "\""))
                .anyMatch(expression -> expression.contains(MetricNames.KEYS_RECOMPUTED))
                .anyMatch(expression -> expression.contains(MetricNames.ROUND_ROWS))
                .anyMatch(expression -> expression.contains(MetricNames.EVERYTHING_RECOMPUTED)
                        && expression.startsWith("sum by (" + MetricNames.REASON + ")"));
    }

    static List<String> expressions(JsonNode dashboard) {
        return panels(dashboard).stream()
                .flatMap(panel -> stream(panel.path("targets")))
                .map(target -> target.get("expr").asText())
                .toList();
    }

    static List<JsonNode> panels(JsonNode dashboard) {
        return new ArrayList<>(stream(dashboard.get("panels")).toList());
    }

    static JsonNode read(String file) throws IOException {
        return new ObjectMapper().readTree(Path.of("grafana/dashboards", file).toFile());
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }
}
