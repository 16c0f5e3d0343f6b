package io.refreshd.supply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The workflows of GitHub, read strictly: an unknown key, an action that is not pinned, an input that the action does not have, a job or
 * file that does not exist, or a script that is no Bash fails.
 *
 * <p><em>Source:</em> GitHub's workflow syntax, and {@code action.yml} of each action at the pinned commit.
 */
class WorkflowsTest {
    private static final Path FOLDER = Path.of(".github", "workflows");

    /** Inputs of the actions that are used, as far as they are used or may be. */
    private static final Map<String, Set<String>> INPUTS = Map.of(
            "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
            Set.of("ref", "fetch-depth", "persist-credentials"),
            "actions/setup-java@b6effb05e454b25005698d916606bdc6ffcbf961",
            Set.of("distribution", "java-version", "cache"),
            "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
            Set.of("name", "path", "retention-days", "if-no-files-found"));

    private static final Pattern EXPRESSION = Pattern.compile("\\$\\{\\{\\s*(.*?)\\s*}}");
    private static final Set<String> EXPRESSIONS = Set.of("github.token");
    private static final Pattern OWN_SCRIPT = Pattern.compile("(?m)^\\s*(\\.ci/[a-z-]+|\\./mvnw)");

    private static final Map<String, Workflow> WORKFLOWS = new TreeMap<>();

    record Workflow(String name, JsonNode on, Map<String, String> permissions, Map<String, Job> jobs) {}

    record Job(
            @Nullable String uses,
            @JsonProperty("runs-on") @Nullable String runsOn,
            @JsonProperty("timeout-minutes") @Nullable Integer minutes,
            @Nullable String needs,
            @Nullable Map<String, String> permissions,
            @Nullable List<Step> steps) {}

    record Step(
            @Nullable String name,
            @JsonProperty("if") @Nullable String condition,
            @Nullable String uses,
            @Nullable Map<String, JsonNode> with,
            @Nullable Map<String, String> env,
            @Nullable String run) {}

    @BeforeAll
    static void read() throws IOException {
        YAMLMapper mapper = YAMLMapper.builder(YAMLFactory.builder()
                        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                        .build())
                .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .build();
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path file : files.toList()) {
                WORKFLOWS.put(file.getFileName().toString(), mapper.readValue(file.toFile(), Workflow.class));
            }
        }
    }

    @Test
    void thereIsOneThatTestsAndOneThatPublishes() {
        assertThat(WORKFLOWS).containsOnlyKeys("verify.yml", "release.yml");
        assertThat(WORKFLOWS.get("verify.yml").on().fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder("push", "pull_request", "workflow_call");
        assertThat(WORKFLOWS.get("release.yml").on().at("/push/tags/0").asText())
                .isEqualTo("v*");
        assertThat(scripts("verify.yml")).anyMatch(script -> script.strip().equals(".ci/run"));
        assertThat(scripts("release.yml"))
                .anyMatch(script -> script.contains("docker push"))
                .anyMatch(script -> script.contains(".ci/release-files"))
                .anyMatch(script -> script.contains("gh release create"));
    }

    @Test
    void eachJobMayReadAndOnlyTheReleaseMayWrite() {
        WORKFLOWS.forEach((file, workflow) -> {
            assertThat(workflow.permissions()).as(file).isEqualTo(Map.of("contents", "read"));
            workflow.jobs().forEach((name, job) -> {
                if (job.permissions() != null) {
                    assertThat(file + " " + name).isEqualTo("release.yml release");
                }
            });
        });
    }

    @Test
    void eachJobIsARunOfStepsOrAnotherWorkflow() {
        WORKFLOWS.forEach((file, workflow) -> workflow.jobs().forEach((name, job) -> {
            String where = file + " " + name;
            assertThat(job.needs() == null || workflow.jobs().containsKey(job.needs()))
                    .as(where)
                    .isTrue();
            if (job.uses() != null) {
                assertThat(Path.of(job.uses())).as(where).isRegularFile();
                assertThat(job.steps()).as(where).isNull();
            } else {
                assertThat(job.runsOn()).as(where).isEqualTo("ubuntu-24.04");
                assertThat(job.minutes()).as(where).isPositive();
                assertThat(job.steps()).as(where).isNotEmpty();
            }
        }));
    }

    @Test
    void eachActionIsPinnedAndGetsInputsThatItHas() {
        WORKFLOWS.forEach((file, workflow) -> steps(file).forEach(step -> {
            assertThat(step.uses() == null).as(file + " " + step).isEqualTo(step.run() != null);
            if (step.uses() != null) {
                assertThat(INPUTS).as(file).containsKey(step.uses());
                Set<String> inputs =
                        step.with() == null ? Set.of() : step.with().keySet();
                assertThat(INPUTS.get(step.uses())).as(file + " " + step.uses()).containsAll(inputs);
            }
        }));
    }

    @Test
    void eachScriptIsBashAndNamesFilesThatExist() throws Exception {
        for (String file : WORKFLOWS.keySet()) {
            for (String script : scripts(file)) {
                Process bash = new ProcessBuilder("bash", "-n", "-c", script)
                        .redirectErrorStream(true)
                        .start();
                assertThat(bash.waitFor(1, TimeUnit.MINUTES)).isTrue();
                assertThat(new String(bash.getInputStream().readAllBytes()))
                        .as(file + ": " + script)
                        .isEmpty();
                Matcher own = OWN_SCRIPT.matcher(script);
                while (own.find()) {
                    assertThat(Path.of(own.group(1))).as(file).isExecutable();
                }
            }
        }
    }

    /** What comes from outside, such as the title of a pull request, in a script would be run. */
    @Test
    void noExpressionStandsInAScriptAndOnlyTheTokenElsewhere() throws IOException {
        for (String file : WORKFLOWS.keySet()) {
            assertThat(scripts(file)).as(file).noneMatch(script -> script.contains("${{"));
            Matcher expression = EXPRESSION.matcher(Files.readString(FOLDER.resolve(file)));
            while (expression.find()) {
                assertThat(EXPRESSIONS).as(file).contains(expression.group(1));
            }
        }
    }

    private static List<Step> steps(String file) {
        List<Step> steps = new ArrayList<>();
        WORKFLOWS.get(file).jobs().values().stream()
                .filter(job -> job.steps() != null)
                .forEach(job -> steps.addAll(job.steps()));
        return steps;
    }

    private static List<String> scripts(String file) {
        return steps(file).stream()
                .filter(step -> step.run() != null)
                .map(Step::run)
                .toList();
    }
}
