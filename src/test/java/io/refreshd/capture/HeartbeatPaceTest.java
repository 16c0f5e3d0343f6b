package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeartbeatPaceTest {
    private static final long START = 1_000_000_700;

    /** When heartbeats come in so many milliseconds, if the pace is asked as it wants to be. */
    private static List<Long> heartbeats(Duration interval, boolean idle, long millis) {
        HeartbeatPace pace = new HeartbeatPace(interval);
        List<Long> heartbeats = new ArrayList<>();
        for (long now = START; now < START + millis; now += pace.untilNext(now)) {
            if (pace.isDue(now, idle)) {
                heartbeats.add(now);
            }
        }
        return heartbeats;
    }

    @Test
    void aHeartbeatComesAtEachIntervalAtTheSameMomentsForAll() {
        assertThat(heartbeats(Duration.ofSeconds(1), false, 3_000))
                .containsExactly(START, 1_000_001_000L, 1_000_002_000L, 1_000_003_000L);
    }

    @ParameterizedTest
    @CsvSource({"1000, 5000", "200, 1000", "2000, 4000", "3000, 3000", "10000, 10000"})
    void whenIdleTheyAreFurtherApartByFiveSecondsAtMost(long interval, long apart) {
        List<Long> heartbeats = heartbeats(Duration.ofMillis(interval), true, 60_000);
        for (int i = 2; i < heartbeats.size(); i++) {
            assertThat(heartbeats.get(i) - heartbeats.get(i - 1)).isEqualTo(apart);
            assertThat(heartbeats.get(i) % apart).isZero();
        }
        assertThat(heartbeats).hasSizeGreaterThan(4);
    }

    @Test
    void oneThatWasMissedIsMadeUpFor() {
        HeartbeatPace pace = new HeartbeatPace(Duration.ofSeconds(1));
        assertThat(pace.isDue(START, true)).isTrue();
        assertThat(pace.isDue(1_000_004_000, true)).isFalse();
        assertThat(pace.isDue(1_000_006_300, true)).as("asked too late").isTrue();
        assertThat(pace.isDue(1_000_007_000, true)).isFalse();
        assertThat(pace.isDue(1_000_008_000, false)).as("the rest is over").isTrue();
    }

    @Test
    void aClockThatWasSetBackDelaysNone() {
        HeartbeatPace pace = new HeartbeatPace(Duration.ofSeconds(1));
        assertThat(pace.isDue(START, true)).isTrue();
        assertThat(pace.isDue(START - 3_600_000, true)).isTrue();
    }
}
