package io.refreshd.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.model.Moment;
import io.refreshd.report.Notice;
import io.refreshd.testing.Captured;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PeriodicTaskTest {
    private static final String FAILED = "WARN A periodic task failed task=catalog reason=cache lookup failed";

    private final List<Notice> notices = new ArrayList<>();
    private Moment now = new Moment(0, Instant.EPOCH);
    private final PeriodicTask task = new PeriodicTask("catalog", notices::add, () -> now);

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

    /** It is logged and counted, and the tasks after it are done. */
    @ParameterizedTest
    @ValueSource(classes = {StackOverflowError.class, AssertionError.class, NoClassDefFoundError.class})
    void anErrorIsAFailureOfThisTask(Class<? extends Error> kind) throws Exception {
        Error error = kind.getDeclaredConstructor().newInstance();
        task.attempt(() -> {
            throw error;
        });
        assertThat(notices).containsExactly(new Notice.ErrorCaught("refreshd task catalog", error));
        assertThat(task.failures()).isEqualTo(1);
    }

    @Test
    void withoutMemoryNoTaskIsSound() {
        assertThatThrownBy(() -> task.attempt(() -> {
                    throw new OutOfMemoryError();
                }))
                .isInstanceOf(OutOfMemoryError.class);
    }

    private void fail() throws InterruptedException {
        task.attempt(() -> {
            throw new SQLException("cache lookup failed", "XX000");
        });
    }
}
