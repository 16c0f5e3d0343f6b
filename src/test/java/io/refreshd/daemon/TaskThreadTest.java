package io.refreshd.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.report.Notice;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TaskThreadTest {
    private final List<Notice> notices = new CopyOnWriteArrayList<>();

    @Test
    void anErrorIsReportedAndTheTimerGoesOn() {
        AtomicInteger runs = new AtomicInteger();
        try (TaskThread thread = new TaskThread(
                "refreshd-test",
                () -> {
                    if (runs.incrementAndGet() == 1) {
                        throw new StackOverflowError();
                    }
                },
                notices::add)) {
            thread.start(Duration.ofMillis(1));
            await().until(() -> runs.get() > 3);
        }
        assertThat(notices).singleElement().isInstanceOfSatisfying(Notice.ErrorCaught.class, caught -> {
            assertThat(caught.where()).isEqualTo("refreshd-test");
            assertThat(caught.error()).isInstanceOf(StackOverflowError.class);
        });
    }
}
