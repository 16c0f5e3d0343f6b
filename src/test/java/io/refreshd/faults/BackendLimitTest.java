package io.refreshd.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BackendLimitTest {
    private static final long SECOND = 1_000_000_000;

    private final BackendLimit limit = new BackendLimit();

    @Test
    void oneBackendLeftBehindEveryHalfMinuteBreaksIt() {
        assertThat(IntStream.range(0, 600).filter(s -> limit.isBroken(9 + s / 30, 17, s * SECOND)))
                .isNotEmpty()
                .allMatch(second -> second > 270 + 120);
    }

    @Test
    void manyThatGoAgainDoNot() {
        assertThat(IntStream.range(0, 3600).filter(s -> limit.isBroken(s % 120 == 0 ? 17 : 40, 17, s * SECOND)))
                .isEmpty();
    }
}
