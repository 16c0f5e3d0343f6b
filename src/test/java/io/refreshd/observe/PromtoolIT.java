package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.Installed;
import io.refreshd.testing.TestTimeout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** promtool checks the alert rules: their form, and when they fire and when not. */
class PromtoolIT {
    @Test
    void theRulesAreInOrder() throws Exception {
        run("check", "rules", "config/prometheus/alerts.yml");
    }

    @Test
    void theConfigurationIsInOrder() throws Exception {
        run("check", "config", "config/prometheus/prometheus.yml");
    }

    @Test
    void theAlertsFireWhenTheyShallAndOnlyThen() throws Exception {
        run("test", "rules", "config/prometheus/alerts.test.yml");
    }

    private static void run(String... arguments) throws IOException, InterruptedException {
        Installed.orSkip("promtool");
        List<String> command =
                Stream.concat(Stream.of("promtool"), Stream.of(arguments)).toList();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(TestTimeout.exitCode(process))
                .as(String.join(" ", command) + "\n" + output)
                .isZero();
    }
}
