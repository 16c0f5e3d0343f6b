package io.refreshd.database;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SessionLimitsTest {
    /** A statement of the daemon ends on the server before the client gives up, and a wait for a lock before that. */
    @ParameterizedTest
    @CsvSource({
        "DAEMON, , 20000, 10000, 30",
        "DAEMON, 0, 20000, 10000, 0",
        "DAEMON, 3, 2000, 1000, 3",
        "DAEMON, 12, 8000, 4000, 12",
        "CAPTURE, 60, 20000, 10000, 60",
        "DAEMON, soon, 20000, 10000, 30",
        "TOOL, , 0, 60000, 0",
        "TOOL, 90, 80000, 40000, 90",
    })
    void limitsFollowTheSocketTimeout(SessionKind kind, String given, long statement, long lock, long silence) {
        SessionLimits limits = SessionLimits.of(kind, given);
        assertThat(limits)
                .isEqualTo(new SessionLimits(
                        Duration.ofMillis(statement), Duration.ofMillis(lock), Duration.ofSeconds(silence)));
        if (!limits.silence().isZero()) {
            assertThat(limits.statement()).isLessThan(limits.silence()).isPositive();
            assertThat(limits.lock()).isLessThanOrEqualTo(limits.statement()).isPositive();
        }
    }
}
