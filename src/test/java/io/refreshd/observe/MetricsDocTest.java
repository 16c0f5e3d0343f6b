package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refreshd.model.ViewId;
import io.refreshd.report.UnitPhase;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Metric names agree in registry, constants, docs/metrics.md, alerts and dashboards. */
class MetricsDocTest {
    private static final Pattern ROW =
            Pattern.compile("(?m)^\\| `(refreshd_\\w+)` \\| (\\w+) \\| ([^|]*)\\|(?: [^|]+ \\|){3}$");
    private static final Pattern TYPE = Pattern.compile("(?m)^# TYPE (refreshd_\\w+) (\\w+)$");
    private static final Pattern SAMPLE = Pattern.compile("(?m)^(refreshd_\\w+)(?:\\{(.*)})? \\S+$");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"");
    private static final Pattern USED = Pattern.compile("refreshd_[a-z_]+");

    private final String scraped = scrape();

    @Test
    void theTableSaysWhatTheRegistryShows() throws IOException {
        Map<String, String> documented = new TreeMap<>();
        Matcher row = ROW.matcher(Files.readString(Path.of("docs/metrics.md")));
        while (row.find()) {
            Set<String> labels = new TreeSet<>();
            Matcher label = Pattern.compile("`(\\w+)`").matcher(row.group(3));
            while (label.find()) {
                labels.add(label.group(1));
            }
            assertThat(documented.put(row.group(1), row.group(2) + " " + labels))
                    .as("one row for " + row.group(1))
                    .isNull();
        }
        assertThat(documented).isEqualTo(shown());
    }

    @Test
    void everyConstantIsShown() throws IllegalAccessException {
        assertThat(constants()).isEqualTo(shown().keySet());
    }

    @Test
    void alertsAndDashboardsUseOnlyWhatIsShown() throws IOException {
        Set<String> known = Stream.concat(samples().keySet().stream(), shown().keySet().stream())
                .collect(Collectors.toSet());
        int files = 0;
        for (Path file : usingFiles()) {
            Matcher used = USED.matcher(Files.readString(file));
            while (used.find()) {
                assertThat(known).as(file.toString()).contains(used.group());
            }
            files++;
        }
        assertThat(files).as("files looked at").isGreaterThanOrEqualTo(3);
    }

    @Test
    void everyAlertHasItsSectionInTheRunbook() throws IOException {
        Set<String> sections = Files.readString(Path.of("docs/runbook.md"))
                .lines()
                .filter(line -> line.startsWith("## "))
                .map(line ->
                        line.substring(3).toLowerCase(java.util.Locale.ROOT).replace(' ', '-'))
                .collect(Collectors.toSet());
        String alerts = Files.readString(Path.of("config/prometheus/alerts.yml"));
        Set<String> linked = Pattern.compile("docs/runbook\\.md#(\\S+)")
                .matcher(alerts)
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toSet());
        assertThat(linked).isEqualTo(sections);
        assertThat(alerts.split("- alert:", -1)).hasSameSizeAs(alerts.split("runbook_url:", -1));
    }

    private static Set<Path> usingFiles() throws IOException {
        Set<Path> files = new TreeSet<>();
        for (Path root : Set.of(Path.of("config/prometheus"), Path.of("grafana"))) {
            try (Stream<Path> found = Files.walk(root)) {
                found.filter(Files::isRegularFile).forEach(files::add);
            }
        }
        return files;
    }

    private static Set<String> constants() throws IllegalAccessException {
        Set<String> names = new TreeSet<>();
        for (var field : MetricNames.class.getDeclaredFields()) {
            if (Modifier.isPublic(field.getModifiers())
                    && field.get(null) instanceof String name
                    && name.startsWith("refreshd_")) {
                names.add(name);
            }
        }
        return names;
    }

    /** Name → type and labels, without the parts that a histogram consists of. */
    private Map<String, String> shown() {
        Map<String, String> shown = new TreeMap<>();
        Matcher type = TYPE.matcher(scraped);
        while (type.find()) {
            String name = type.group(1);
            if (!name.endsWith("_max")) {
                String sample = type.group(2).equals("histogram") ? name + "_count" : name;
                shown.put(name, type.group(2) + " " + samples().get(sample));
            }
        }
        return shown;
    }

    private Map<String, Set<String>> samples() {
        Map<String, Set<String>> samples = new TreeMap<>();
        Matcher sample = SAMPLE.matcher(scraped);
        while (sample.find()) {
            String labels = sample.group(2) == null ? "" : sample.group(2);
            samples.put(
                    sample.group(1),
                    LABEL.matcher(labels)
                            .results()
                            .map(found -> found.group(1))
                            .collect(Collectors.toCollection(TreeSet::new)));
        }
        return samples;
    }

    private static String scrape() {
        var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        var status =
                Samples.status(Samples.fresh(Samples.VIEW), Samples.incremental(new ViewId("public", "incremental")));
        var metrics = new Metrics(registry, () -> status, () -> Samples.MOMENT, ViewId::toString);
        BuildInfo.register(registry, "test");
        new DatabaseSeries(
                registry, () -> List.of(new ServedDatabase("app", UnitPhase.ELSEWHERE, "", 0, Optional.empty())));
        return new Scrape(metrics, registry).answer("").body();
    }
}
