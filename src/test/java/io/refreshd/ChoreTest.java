package io.refreshd;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Moment;
import io.refreshd.testing.Captured;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ChoreTest {
    private static final String FAILED = "WARN Housekeeping failed what=catalog reason=cache lookup failed";

    private Moment now = new Moment(0, Instant.EPOCH);
    private final Chore chore = new Chore("catalog", () -> now);

    @Test
    void aFailureThatLastsIsToldOnceAMinute() throws Exception {
        try (Captured log = new Captured(Chore.class)) {
            for (int second = 0; second <= 120; second++) {
                fail();
                now = now.plus(Duration.ofSeconds(1));
            }
            assertThat(log.lines()).containsExactly(FAILED, FAILED + " heldBack=59", FAILED + " heldBack=59");
            chore.attempt(() -> {});
            fail();
            assertThat(log.lines()).containsExactly("INFO Housekeeping works again what=catalog", FAILED);
        }
    }

    private void fail() throws InterruptedException {
        chore.attempt(() -> {
            throw new SQLException("cache lookup failed", "XX000");
        });
    }
}
