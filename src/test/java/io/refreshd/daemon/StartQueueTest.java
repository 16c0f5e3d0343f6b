package io.refreshd.daemon;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.stream.StartPermits.Permit;
import io.refreshd.testing.TestTimeout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StartQueueTest {
    private static final Duration NEVER = Duration.ofHours(1);

    private final List<Thread> databases = new ArrayList<>();
    /** Those that have begun, in this order. */
    private final BlockingQueue<Begun> begun = new LinkedBlockingQueue<>();

    private record Begun(int database, Permit permit) {}

    /** Returns once the database has begun or waits. */
    private Thread begin(StartQueue queue, int database) {
        Thread thread = Thread.ofVirtual().start(() -> take(queue, database));
        databases.add(thread);
        await().until(() -> !thread.isAlive() || thread.getState() == Thread.State.TIMED_WAITING);
        return thread;
    }

    private void take(StartQueue queue, int database) {
        try {
            begun.add(new Begun(database, queue.take()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Begun next() throws InterruptedException {
        return requireNonNull(begun.poll(TestTimeout.LIMIT.toSeconds(), TimeUnit.SECONDS), "nobody begins");
    }

    @AfterEach
    void end() {
        databases.forEach(Thread::interrupt);
    }

    @Test
    void asManyAsThereArePermitsBeginAtOnceAndTheOthersInTheirOrder() throws Exception {
        StartQueue queue = new StartQueue(2, NEVER);
        for (int i = 0; i < 5; i++) {
            begin(queue, i);
        }
        Begun first = next();
        Begun second = next();
        assertThat(begun).as("the others wait").isEmpty();
        second.permit().close();
        assertThat(next().database()).isEqualTo(2);
        second.permit().close();
        assertThat(begun).as("given back twice").isEmpty();
        first.permit().close();
        assertThat(next().database()).isEqualTo(3);
    }

    /** It asks in the moment in which a permit is given back, before any that waits could wake up. */
    @Test
    void aLatecomerOvertakesNobody() throws Exception {
        StartQueue queue = new StartQueue(1, NEVER);
        begin(queue, 0);
        begin(queue, 1);
        Permit first = next().permit();
        databases.add(Thread.ofVirtual().start(() -> {
            synchronized (queue) {
                first.close();
                take(queue, 2);
            }
        }));
        assertThat(next().database()).isEqualTo(1);
    }

    @Test
    void whoeverGivesUpWaitingHoldsUpNobody() throws Exception {
        StartQueue queue = new StartQueue(1, NEVER);
        begin(queue, 0);
        Thread impatient = begin(queue, 1);
        begin(queue, 2);
        impatient.interrupt();
        impatient.join();
        next().permit().close();
        assertThat(next().database()).isEqualTo(2);
    }

    @Test
    void aDatabaseThatBeginsForLongDelaysTheOthersNoMore() throws Exception {
        StartQueue queue = new StartQueue(1, Duration.ofMillis(20));
        begin(queue, 0);
        Begun slow = next();
        begin(queue, 1);
        assertThat(next().database()).isEqualTo(1);
        slow.permit().close();
        begin(queue, 2);
        assertThat(next().database()).isEqualTo(2);
    }
}
