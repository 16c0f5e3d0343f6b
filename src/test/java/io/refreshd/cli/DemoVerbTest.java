package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.TypeConversionException;

class DemoVerbTest {
    private final DemoVerb.Time time = new DemoVerb.Time();

    @Test
    void readsATimeAsPeopleWriteIt() {
        assertThat(time.convert("30s")).isEqualTo(Duration.ofSeconds(30));
        assertThat(time.convert("1h30m")).isEqualTo(Duration.ofMinutes(90));
    }

    @Test
    void refusesWhatIsNoTimeToRun() {
        for (String text : new String[] {"", "30", "soon", "0s", "-5s"}) {
            assertThatThrownBy(() -> time.convert(text))
                    .as(text)
                    .isInstanceOf(TypeConversionException.class)
                    .hasMessageContaining("30s");
        }
    }
}
