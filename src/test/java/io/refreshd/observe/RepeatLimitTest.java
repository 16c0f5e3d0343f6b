package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RepeatLimitTest {
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();
    private final RepeatLimit limit = new RepeatLimit(Duration.ofMinutes(1));

    @Test
    void theFirstOfAKindThenOneInEachIntervalThatSaysHowManyItStandsFor() {
        assertThat(limit.admit("kind", 0)).hasValue(0);
        assertThat(limit.admit("kind", 1)).isEmpty();
        assertThat(limit.admit("kind", MINUTE - 1)).isEmpty();
        assertThat(limit.admit("another", MINUTE - 1)).hasValue(0);
        assertThat(limit.admit("kind", MINUTE)).hasValue(2);
        assertThat(limit.admit("kind", MINUTE + 1)).isEmpty();
    }

    @Test
    void whatWasForgottenIsAFirstOneAgain() {
        limit.admit("kind", 0);
        limit.admit("kind", 1);
        limit.forget("kind");
        assertThat(limit.admit("kind", 2)).hasValue(0);
    }

    /** A nanosecond clock may begin anywhere and turn over. */
    @Test
    void timeIsComparedByDifference() {
        assertThat(limit.admit("kind", Long.MAX_VALUE - 5)).hasValue(0);
        assertThat(limit.admit("kind", Long.MIN_VALUE + 5)).isEmpty();
        assertThat(limit.admit("kind", Long.MIN_VALUE + MINUTE)).hasValue(1);
    }

    @Test
    void kindsThatComeAndGoAreNotRememberedForEver() {
        for (int i = 0; i < 100_000; i++) {
            assertThat(limit.admit("view " + i, i * (MINUTE / 100))).hasValue(0);
        }
        assertThat(limit.size()).isLessThan(1000);
    }
}
