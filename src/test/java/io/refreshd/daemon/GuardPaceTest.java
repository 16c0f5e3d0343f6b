package io.refreshd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Moment;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuardPaceTest {
    private static final Moment START = new Moment(0, Instant.EPOCH);

    /** The seconds at which the guard looks, if it runs each second. */
    private static List<Integer> looks(Moment start, int seconds, IntPredicate idle) {
        GuardPace pace = new GuardPace(start);
        List<Integer> looks = new ArrayList<>();
        for (int second = 0; second <= seconds; second++) {
            if (pace.isDue(start.plus(Duration.ofSeconds(second)), idle.test(second))) {
                looks.add(second);
            }
        }
        return looks;
    }

    @Test
    void looksEachTimeWhileTheDatabaseIsBusy() {
        assertThat(looks(START, 5, second -> false)).containsExactly(0, 1, 2, 3, 4, 5);
    }

    /** {@code System.nanoTime()} may begin anywhere, and overflow. */
    @ParameterizedTest
    @ValueSource(longs = {0, Long.MIN_VALUE, Long.MAX_VALUE - 3_000_000_000L})
    void looksEveryFiveSecondsWhileItIsIdle(long nanos) {
        assertThat(looks(new Moment(nanos, Instant.EPOCH), 16, second -> true)).containsExactly(0, 5, 10, 15);
    }

    @Test
    void looksAtOnceWhenTheDatabaseIsIdleNoMoreAndCountsFromThere() {
        assertThat(looks(START, 14, second -> second != 2 && second != 3)).containsExactly(0, 2, 3, 8, 13);
    }
}
