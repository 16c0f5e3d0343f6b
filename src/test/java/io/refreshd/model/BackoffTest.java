package io.refreshd.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BackoffTest {
    private static final Backoff BACKOFF = new Backoff(Duration.ofMillis(250), Duration.ofSeconds(10));

    @Test
    void doublesUpToTheCap() {
        assertThat(IntStream.rangeClosed(1, 8).mapToObj(BACKOFF::ceiling))
                .extracting(Duration::toMillis)
                .containsExactly(250L, 500L, 1_000L, 2_000L, 4_000L, 8_000L, 10_000L, 10_000L);
    }

    @Test
    void staysAtTheCapHoweverManyAttemptsFail() {
        assertThat(BACKOFF.ceiling(Integer.MAX_VALUE)).isEqualTo(BACKOFF.longest());
        Backoff widest = new Backoff(Duration.ofNanos(1), Duration.ofNanos(Long.MAX_VALUE));
        assertThat(widest.ceiling(Integer.MAX_VALUE)).isEqualTo(Duration.ofNanos(1L << 62));
        assertThat(widest.fullJitter(100, new Random(1))).isPositive();
    }

    @Test
    void jitterStaysWithinItsBounds() {
        Random random = new Random(1);
        for (int i = 0; i < 1_000; i++) {
            int attempt = 1 + i % 10;
            Duration ceiling = BACKOFF.ceiling(attempt);
            assertThat(BACKOFF.equalJitter(attempt, random)).isBetween(ceiling.dividedBy(2), ceiling);
            assertThat(BACKOFF.fullJitter(attempt, random)).isBetween(Duration.ofNanos(1), ceiling);
        }
    }

    @Test
    void theSameSeedGivesTheSameWaits() {
        assertThat(BACKOFF.equalJitter(3, new Random(7))).isEqualTo(BACKOFF.equalJitter(3, new Random(7)));
        assertThat(BACKOFF.fullJitter(3, new Random(7))).isEqualTo(BACKOFF.fullJitter(3, new Random(7)));
    }

    @Test
    void refusesWhatCannotBeABackoff() {
        assertThatThrownBy(() -> new Backoff(Duration.ZERO, Duration.ofSeconds(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Backoff(Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> BACKOFF.ceiling(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
