package io.refreshd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Moment;
import io.refreshd.testing.Captured;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class PeriodicTaskTest {
    private static final String FAILED = "WARN A periodic task failed task=catalog reason=cache lookup failed";

    private Moment now = new Moment(0, Instant.EPOCH);
    private final PeriodicTask task = new PeriodicTask("catalog", () -> now);

    @Test
    void aFailureThatLastsIsToldOnceAMinute() throws Exception {
        try (Captured log = new Captured(PeriodicTask.class)) {
            for (int second = 0; second <= 120; second++) {
                fail();
                now = now.plus(Duration.ofSeconds(1));
            }
            assertThat(log.lines()).containsExactly(FAILED, FAILED + " heldBack=59", FAILED + " heldBack=59");
            task.attempt(() -> {});
            fail();
            assertThat(log.lines()).containsExactly("INFO A periodic task works again task=catalog", FAILED);
        }
    }

    private void fail() throws InterruptedException {
        task.attempt(() -> {
            throw new SQLException("cache lookup failed", "XX000");
        });
    }
}
