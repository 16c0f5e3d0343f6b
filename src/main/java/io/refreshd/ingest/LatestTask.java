package io.refreshd.ingest;

import org.jspecify.annotations.Nullable;

/**
 * Work that runs apart from those who ask for it, once at a time. Asked for while it runs, however often, it runs once more.
 *
 * <p>Failure: what the work throws is thrown to the next who asks {@link #throwFailure}, and the work is not run again before that.
 *
 * <p>Thread: any may call any method; each row of runs has a thread of its own.
 */
final class LatestTask {
    private final String name;
    private final Runnable work;
    private boolean running;
    private boolean again;
    private @Nullable Throwable failure;

    /** @param name of the threads */
    LatestTask(String name, Runnable work) {
        this.name = name;
        this.work = work;
    }

    /** Runs the work after this call, if need be once more. */
    synchronized void ask() {
        if (running) {
            again = true;
        } else if (failure == null) {
            running = true;
            Thread.ofVirtual().name(name).start(this::run);
        }
    }

    private void run() {
        do {
            try {
                work.run();
            } catch (Throwable thrown) {
                fail(thrown);
            }
        } while (hasMore());
    }

    private synchronized void fail(Throwable thrown) {
        failure = thrown;
        again = false;
    }

    private synchronized boolean hasMore() {
        running = again;
        again = false;
        notifyAll();
        return running;
    }

    synchronized boolean isRunning() {
        return running;
    }

    /** Throws what the work has thrown, once. */
    synchronized void throwFailure() {
        Throwable thrown = failure;
        failure = null;
        switch (thrown) {
            case null -> {}
            case Error error -> throw error;
            case RuntimeException exception -> throw exception;
            default -> throw new IllegalStateException(thrown);
        }
    }

    /** Waits until the work has ended, and forgets its failure. */
    synchronized void end() {
        again = false;
        boolean interrupted = false;
        while (running) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        failure = null;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
