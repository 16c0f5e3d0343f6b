package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;

import io.debezium.pipeline.ChangeEventSourceCoordinator;
import io.refreshd.model.Batch;
import io.refreshd.model.Lsn;
import io.refreshd.model.Operation;
import io.refreshd.model.Receipt;
import io.refreshd.model.Snapshot;
import io.refreshd.testing.TestTimeout;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PgoutputChangeSourceIT {
    private CaptureFixture fixture;

    @BeforeEach
    void open() throws Exception {
        fixture = new CaptureFixture();
        fixture.database.execute("CREATE TABLE t (id int PRIMARY KEY)");
        fixture.publish("t");
    }

    @AfterEach
    void close() throws Exception {
        fixture.close();
    }

    private void assertThatNobodyStreams() {
        await().until(() -> fixture.slot().activePid().isEmpty());
    }

    @Test
    void closesBeforeItStartedAndTwice() throws Exception {
        PgoutputChangeSource run = new PgoutputChangeSource(fixture.settings, fixture.handler());
        run.close();
        run.close();
        run.start();
        assertThat(run.ended()).succeedsWithin(TestTimeout.LIMIT);
        assertThatNobodyStreams();
    }

    @Test
    void endsWhileTheHandlerBlocks() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        PgoutputChangeSource run = fixture.start(new BatchHandler() {
            @Override
            public Receipt handle(Batch batch) throws Exception {
                blocked.countDown();
                try {
                    new CountDownLatch(1).await();
                } finally {
                    interrupted.countDown();
                }
                throw new AssertionError("unreachable");
            }

            @Override
            public void routedTo(Lsn position, Snapshot snapshot) {
                throw new AssertionError("nothing was handled");
            }
        });
        blocked.await();
        run.close();
        assertThat(run.ended()).succeedsWithin(TestTimeout.LIMIT);
        assertThat(interrupted.getCount()).isZero();
        assertThatNobodyStreams();
    }

    @Test
    void letsGoOfTheSlotEvenIfTheHandlerDoesNot() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        PgoutputChangeSource run = fixture.start(new BatchHandler() {
            @Override
            public Receipt handle(Batch batch) throws Exception {
                blocked.countDown();
                while (release.getCount() > 0) {
                    try {
                        release.await();
                    } catch (InterruptedException deaf) {
                        // A handler that breaks its contract.
                    }
                }
                throw new InterruptedException();
            }

            @Override
            public void routedTo(Lsn position, Snapshot snapshot) {}
        });
        blocked.await();
        try {
            run.close();
            assertThatNobodyStreams();
        } finally {
            release.countDown();
        }
        assertThatNoThreadIsLeft();
    }

    @Test
    void leavesNothingBehindAfterManyQuickRuns() throws Exception {
        RecordingHandler handler = fixture.handler();
        PgoutputChangeSource warm = fixture.start(handler);
        await().until(() -> handler.routed().isPresent());
        warm.close();
        assertThatNobodyStreams();
        for (int i = 0; i < 20; i++) {
            PgoutputChangeSource run = fixture.start(handler);
            Thread second = Thread.ofVirtual().start(run::close);
            assertThatCode(run::close).doesNotThrowAnyException();
            second.join();
            assertThat(run.ended()).succeedsWithin(TestTimeout.LIMIT);
            assertThatNobodyStreams();
        }
        assertThatNoThreadIsLeft();
    }

    /**
     * Interrupts the threads that stop the coordinator, as the engine does when they take too long: the run must stop what they
     * left. Tried again where the coordinator stopped before it could be interrupted.
     */
    @Test
    void leavesNoThreadBehindWhenTheEngineStopsInDisorder() throws Exception {
        int interrupts = 0;
        for (int i = 0; i < 30 && interrupts == 0; i++) {
            RecordingHandler handler = fixture.handler();
            PgoutputChangeSource run = fixture.start(handler);
            await().until(() -> handler.routed().isPresent());
            interrupts = closeInDisorder(run);
            assertThat(run.ended()).succeedsWithin(TestTimeout.LIMIT);
            assertThatNobodyStreams();
            assertThatNoThreadIsLeft();
        }
        assertThat(interrupts).isPositive();
    }

    private static int closeInDisorder(PgoutputChangeSource run) throws Exception {
        AtomicInteger interrupts = new AtomicInteger();
        Thread disorder = Thread.ofPlatform().start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                stoppingThreads().forEach(thread -> {
                    thread.interrupt();
                    interrupts.incrementAndGet();
                });
            }
        });
        run.close();
        disorder.interrupt();
        disorder.join();
        return interrupts.get();
    }

    private static Stream<Thread> stoppingThreads() {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(entry -> entry.getKey().getName().startsWith("pool-")
                        && Stream.of(entry.getValue())
                                .anyMatch(frame ->
                                        frame.getClassName().equals(ChangeEventSourceCoordinator.class.getName())
                                                && frame.getMethodName().equals("stop")))
                .map(Map.Entry::getKey);
    }

    private static void assertThatNoThreadIsLeft() {
        await().untilAsserted(() -> assertThat(captureThreads()).isEmpty());
    }

    private static Set<String> captureThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name ->
                        name.startsWith("refreshd-") || name.startsWith("debezium-") || name.startsWith("pool-"))
                .collect(Collectors.toSet());
    }

    @Test
    void saysThatTheSlotIsMissing() throws Exception {
        fixture.database.execute("SELECT pg_drop_replication_slot('" + fixture.settings.slot() + "')");
        PgoutputChangeSource run = fixture.start(fixture.handler());
        assertThat(run.ended())
                .failsWithin(TestTimeout.LIMIT)
                .withThrowableOfType(ExecutionException.class)
                .withCauseInstanceOf(SlotUnusable.class);
        assertThat(fixture.database.query("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '"
                        + fixture.settings.slot() + "'"))
                .containsExactly("0");
    }

    @Test
    void endsWhenItsConnectionIsCut() throws Exception {
        RecordingHandler handler = fixture.handler();
        PgoutputChangeSource run = fixture.start(handler);
        await().until(() -> handler.routed().isPresent());
        fixture.database.execute(
                "SELECT pg_terminate_backend(" + fixture.slot().activePid().orElseThrow() + ")");
        assertThat(run.ended()).failsWithin(TestTimeout.LIMIT);
        assertThatNobodyStreams();
        fixture.database.execute("INSERT INTO t VALUES (1)");
        RecordingHandler next = fixture.handler();
        fixture.start(next);
        await().until(() -> next.rows(Operation.INSERT) == 1);
    }

    @Test
    void endsWhenAnotherOneStreams() throws Exception {
        RecordingHandler handler = fixture.handler();
        fixture.start(handler);
        await().until(() -> handler.routed().isPresent());
        assertThat(fixture.start(fixture.handler()).ended()).failsWithin(TestTimeout.LIMIT);
        Lsn before = handler.routed().orElseThrow();
        await().until(() -> handler.routed().orElseThrow().compareTo(before) > 0);
    }

    @Test
    void movesTheSlotOfAQuietDatabase() throws Exception {
        RecordingHandler handler = fixture.handler();
        fixture.start(handler);
        await().until(() -> handler.routed().isPresent());
        Lsn before = fixture.slot().confirmed().orElseThrow();
        await().until(() -> fixture.slot().confirmed().orElseThrow().compareTo(before) > 0);
    }
}
