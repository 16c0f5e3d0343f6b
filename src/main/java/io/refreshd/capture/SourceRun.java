package io.refreshd.capture;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The one run of a {@link ChangeSource}: its thread, its first failure, and its end.
 *
 * <p>Invariant: the end is told whatever happens, also if the work fails to clean up. Whoever waits for the end would wait for ever.
 *
 * <p>Thread: any may call any method.
 */
final class SourceRun {
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private @Nullable Thread thread;
    private @Nullable Throwable failure;
    private boolean closing;

    /** What the thread does. */
    @FunctionalInterface
    interface Work {
        void run() throws Exception;
    }

    /** Starts the thread, unless the run was closed before. */
    synchronized void start(String name, Work work) {
        if (thread != null) {
            throw new IllegalStateException("a run starts once");
        }
        if (!closing) {
            thread = Thread.ofPlatform().name(name).daemon().start(() -> carryOut(work));
        }
    }

    private void carryOut(Work work) {
        try {
            work.run();
        } catch (Throwable e) {
            fail(e);
        } finally {
            end();
        }
    }

    /** Keeps the first failure as the cause: what fails later mostly follows from it. */
    synchronized void fail(Throwable cause) {
        if (failure == null) {
            failure = cause instanceof BatchConsumer.HandlerFailed wrapped ? wrapped.getCause() : cause;
        }
    }

    private void end() {
        Throwable cause = cause();
        if (cause == null) {
            ended.complete(null);
        } else {
            ended.completeExceptionally(cause);
        }
    }

    /** @return null if the run was closed, whatever failed then */
    private synchronized @Nullable Throwable cause() {
        if (closing) {
            return null;
        }
        return failure == null ? new IllegalStateException("reading ended without a cause") : failure;
    }

    /** Ends when the work has. */
    CompletableFuture<Void> ended() {
        return ended.copy();
    }

    /** Whether the work should go on: the run was not closed, and nothing has failed. */
    synchronized boolean goesOn() {
        return !closing && failure == null;
    }

    /** The thread of the work; empty before the start. */
    synchronized Optional<Thread> thread() {
        return Optional.ofNullable(thread);
    }

    /** From now on an end is no failure. @return the thread, which has yet to end; empty if there is none, and the run has ended */
    synchronized Optional<Thread> close() {
        closing = true;
        if (thread == null) {
            ended.complete(null);
        }
        return Optional.ofNullable(thread);
    }
}
