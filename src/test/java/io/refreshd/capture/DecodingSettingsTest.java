package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Obstacle;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecodingSettingsTest {
    @Test
    void theLevelHasToBeLogicalWhereASlotDoesNotRaiseIt() {
        assertThat(DecodingSettings.obstacles("logical", false, null)).isEmpty();
        assertThat(DecodingSettings.obstacles("replica", false, null)).hasSize(1);
        assertThat(DecodingSettings.obstacles("replica", true, null)).isEmpty();
        assertThat(DecodingSettings.obstacles("minimal", true, null)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pgoutput, test_decoding",
                "wal2json,pgoutput",
                "\"pgoutput\"",
                "\"odd, name\", pgoutput",
                " pgoutput "
            })
    void aListWithThePluginIsNoObstacle(String plugins) {
        assertThat(DecodingSettings.obstacles("logical", false, plugins)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"test_decoding", "", "PGOUTPUT", "pgoutput2", "\"odd, pgoutput\"", "lib/pgoutput"})
    void aListWithoutThePluginIsNamedWithTheStatementThatAddsIt(String plugins) {
        List<Obstacle> obstacles = DecodingSettings.obstacles("logical", false, plugins);

        assertThat(obstacles).hasSize(1);
        assertThat(obstacles.getFirst().toString()).contains(plugins, "output_plugin_libraries", "pgoutput");
    }
}
