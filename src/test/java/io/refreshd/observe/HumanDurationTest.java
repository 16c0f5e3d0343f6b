package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HumanDurationTest {
    @ParameterizedTest
    @CsvSource({
        "-5, 0 ms",
        "0, 0 ms",
        "999, 999 ms",
        "1000, 1.0 s",
        "9999, 9.9 s",
        "10000, 10 s",
        "119999, 119 s",
        "120000, 2 min",
        "7199999, 119 min",
        "7200000, 2 h",
        "172800000, 2 d"
    })
    void spans(long millis, String expected) {
        assertThat(HumanDuration.format(Duration.ofMillis(millis))).isEqualTo(expected);
    }
}
