package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ExpectedDurationsTest {
    @Test
    void roundsByKeysAreNotExpectedToTakeWhatEverythingTook() {
        ExpectedDurations expected = new ExpectedDurations(Optional.empty());
        assertThat(expected.nanos(true)).as("nothing is known").isZero();
        expected.took(false, Duration.ofSeconds(10));
        assertThat(expected.nanos(true)).as("nothing better is known").isEqualTo(10_000_000_000L);
        for (int i = 0; i < 3; i++) {
            expected.took(true, Duration.ofMillis(4));
        }
        expected.took(false, Duration.ofSeconds(20));
        assertThat(expected.nanos(true)).isEqualTo(4_000_000L);
        assertThat(expected.nanos(false)).isBetween(10_000_000_001L, 19_999_999_999L);
    }

    @Test
    void whatTheLastOneTookBeforeARestartIsExpectedOfBoth() {
        ExpectedDurations expected = new ExpectedDurations(Optional.of(Duration.ofMillis(7)));
        assertThat(expected.nanos(true)).isEqualTo(7_000_000L);
        assertThat(expected.nanos(false)).isEqualTo(7_000_000L);
    }
}
