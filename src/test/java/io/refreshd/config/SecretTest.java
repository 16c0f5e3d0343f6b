package io.refreshd.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SecretTest {
    @Test
    void printsAsStars() throws Exception {
        Configuration configuration = ConfigurationReader.read(
                "database: { url: 'jdbc:postgresql://db/app', user: u, password: hunter2 }", "f.yaml", Map.of());

        assertThat(configuration.database().password().reveal()).isEqualTo("hunter2");
        assertThat(configuration.toString()).contains("password=***").doesNotContain("hunter2");
    }

    @Test
    void isInNoStackTraceWhenAllElseIsWrong() {
        String yaml = """
                database: { url: 'jdbc:postgresql://u:hunter2@db/app?sslpassword=hunter2', password: hunter2 }
                views: { target-lag: "${PASSWORD}", include: ["${PASSWORD}"], exclude: "${PASSWORD}" }
                refresh: { max-concurrent: "${PASSWORD}" }
                capture: { slot: "${UPPER}", publication: "${LONG}" }
                http: { listen: "${PASSWORD}" }
                """;
        StringWriter trace = new StringWriter();
        try {
            ConfigurationReader.read(
                    yaml, "f.yaml", Map.of("PASSWORD", "hunter2", "UPPER", "HUNTER2", "LONG", "hunter2".repeat(10)));
        } catch (ConfigurationException e) {
            e.printStackTrace(new PrintWriter(trace, true));
            assertThat(e.problems()).hasSize(9);
        }
        assertThat(trace.toString()).isNotEmpty().doesNotContainIgnoringCase("hunter");
    }
}
