package io.refreshd.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LatestTaskTest {
    private final Semaphore begun = new Semaphore(0);
    private final Semaphore mayEnd = new Semaphore(0);
    private final AtomicInteger runs = new AtomicInteger();
    private final LatestTask task = new LatestTask("test", this::work);
    private volatile RuntimeException failure;

    private void work() {
        runs.incrementAndGet();
        begun.release();
        mayEnd.acquireUninterruptibly();
        if (failure != null) {
            throw failure;
        }
    }

    @Test
    void isRunOnceMoreHoweverOftenItWasAskedForMeanwhile() {
        task.ask();
        begun.acquireUninterruptibly();
        task.ask();
        task.ask();
        task.ask();
        mayEnd.release();
        begun.acquireUninterruptibly();
        mayEnd.release(10);
        task.end();
        assertThat(runs).hasValue(2);
    }

    @Test
    void mayBeAskedForAgain() {
        mayEnd.release(2);
        task.ask();
        begun.acquireUninterruptibly();
        await().until(() -> !task.isRunning());
        task.ask();
        begun.acquireUninterruptibly();
        task.end();
        assertThat(runs).hasValue(2);
    }

    @Test
    void aFailureIsThrownOnceAndHoldsUpTheWork() {
        failure = new IllegalStateException("the server is away");
        task.ask();
        begun.acquireUninterruptibly();
        task.ask();
        mayEnd.release(10);
        await().until(() -> !task.isRunning());
        assertThatThrownBy(task::throwFailure).isSameAs(failure);
        assertThat(runs).hasValue(1);
        assertThatCode(task::throwFailure).doesNotThrowAnyException();
        failure = null;
        task.ask();
        task.end();
        assertThat(runs).hasValue(2);
    }

    @Test
    void isNotRunBeforeItsFailureWasThrown() {
        failure = new IllegalStateException("the server is away");
        mayEnd.release(10);
        task.ask();
        begun.acquireUninterruptibly();
        await().until(() -> !task.isRunning());
        task.ask();
        assertThat(task.isRunning()).isFalse();
        assertThat(runs).hasValue(1);
        assertThatThrownBy(task::throwFailure).isSameAs(failure);
    }

    @Test
    void afterTheEndNothingRunsAndNoFailureIsLeft() {
        failure = new IllegalStateException("the server is away");
        task.ask();
        begun.acquireUninterruptibly();
        task.ask();
        mayEnd.release(10);
        task.end();
        assertThat(runs).hasValue(1);
        assertThatCode(task::throwFailure).doesNotThrowAnyException();
    }
}
