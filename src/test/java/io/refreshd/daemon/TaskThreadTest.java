package io.refreshd.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.audit.Audit;
import io.refreshd.model.Undetermined;
import io.refreshd.report.Notice;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.Jdbi;
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

    @Test
    void oneThatEndsNeverthelessIsDead() {
        try (TaskThread thread = new TaskThread(
                "refreshd-test",
                () -> {
                    throw new OutOfMemoryError();
                },
                notice -> {
                    throw new OutOfMemoryError();
                })) {
            assertThat(thread.isDead()).as("not started").isFalse();
            thread.start(Duration.ofMillis(1));
            await().until(thread::isDead);
            VitalThreads threads = new VitalThreads();
            threads.addAll(Map.of("guard", thread::isDead, "audit", () -> false));
            assertThat(threads.dead()).containsExactly("refreshd-guard");
            thread.close();
            assertThat(thread.isDead()).as("closed").isFalse();
        }
    }

    @Test
    void anAuditThatBreaksIsReportedAndTheTimerGoesOn() {
        AtomicInteger runs = new AtomicInteger();
        Audit audit = new Audit(
                Jdbi.create("unused"),
                (connection, view) -> Undetermined.NOTHING,
                time -> {},
                Duration.ZERO,
                Duration.ZERO);
        try (AuditScheduler scheduler = new AuditScheduler(
                audit,
                () -> {
                    if (runs.incrementAndGet() == 1) {
                        throw new NoClassDefFoundError();
                    }
                    return List.of();
                },
                report -> {},
                notices::add)) {
            scheduler.start(Duration.ofMillis(1));
            await().until(() -> runs.get() > 3);
            assertThat(scheduler.isDead()).isFalse();
        }
        assertThat(notices)
                .singleElement()
                .isInstanceOfSatisfying(
                        Notice.ErrorCaught.class,
                        caught -> assertThat(caught.where()).isEqualTo("refreshd-audit"));
    }
}
