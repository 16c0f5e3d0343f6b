package io.refreshd.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.model.ViewId;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MetricsSettingsTest {
    private static final String DATABASE = "database: { url: \"jdbc:postgresql://localhost/app\", user: refreshd }\n";

    @Test
    void theFirstGroupThatMatchesCounts() throws ConfigurationException {
        MetricsSettings settings = read("metrics: { groups: [\"public.role_*\", \"public.*\"] }");
        assertThat(settings.labelOf(new ViewId("public", "role_a"))).isEqualTo("public.role_*");
        assertThat(settings.labelOf(new ViewId("public", "totals"))).isEqualTo("public.*");
        assertThat(settings.labelOf(new ViewId("sales", "totals"))).isEqualTo("sales.totals");
    }

    @Test
    void eachViewHasItsOwnByDefault() throws ConfigurationException {
        assertThat(read("").labelOf(new ViewId("public", "role_a"))).isEqualTo("public.role_a");
    }

    @Test
    void wrongPatternsAndKeysAreFound() {
        assertThatThrownBy(() -> read("metrics: { groups: [\"nodot\"], group: [] }"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("metrics.groups[0]")
                .hasMessageContaining("did you mean groups?");
    }

    private static MetricsSettings read(String more) throws ConfigurationException {
        return ConfigurationReader.read(DATABASE + more, "test.yaml", Map.of()).metrics();
    }
}
