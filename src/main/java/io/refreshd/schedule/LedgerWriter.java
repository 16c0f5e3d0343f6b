package io.refreshd.schedule;

import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the scheduler's decisions to the ledger, on a thread of its own, so that a slow database never stops the loop. A
 * write that fails is tried again.
 *
 * <p>Invariant: at most one {@link Action.Settle} and one {@link Action.Remember} of each view wait, the newest ones. So the
 * backlog is bounded, however long the database is away.
 */
final class LedgerWriter implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LedgerWriter.class);

    /** Nothing depends on these writes soon: a lost one costs a refresh after a restart. */
    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(1);

    private final ViewLedger ledger;
    private final Duration pause;
    private final Thread thread = new Thread(this::run, "refreshd-ledger");
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Map<ViewId, Action.Settle> settles = new LinkedHashMap<>();
    private Map<ViewId, Action.Remember> remembers = new LinkedHashMap<>();
    private boolean closing;
    private boolean failing;

    LedgerWriter(ViewLedger ledger, Consumer<Throwable> onFatal) {
        this(ledger, onFatal, PAUSE_AFTER_FAILURE);
    }

    LedgerWriter(ViewLedger ledger, Consumer<Throwable> onFatal, Duration pause) {
        this.ledger = ledger;
        this.pause = pause;
        thread.setDaemon(true);
        thread.setUncaughtExceptionHandler((dead, problem) -> onFatal.accept(problem));
    }

    void start() {
        thread.start();
    }

    void write(Action.Settle settle) {
        locked(() -> settles.merge(settle.view(), settle, LedgerWriter::newer));
    }

    void write(Action.Remember remember) {
        locked(() -> remembers.put(remember.view(), remember));
    }

    /** Ends the thread once the waiting writes are done, or at the first one that fails. {@link #join} waits for that. */
    @Override
    public void close() {
        locked(() -> closing = true);
    }

    /** After {@link #close}: gives the last writes the grace period, then interrupts them. */
    void join(Duration grace) throws InterruptedException {
        if (!thread.join(grace)) {
            thread.interrupt();
        }
    }

    private static Action.Settle newer(Action.Settle a, Action.Settle b) {
        return a.number() > b.number() ? a : b;
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            for (List<Action> next = take(); !next.isEmpty(); next = take()) {
                int written = writeAll(next);
                if (written < next.size() && !retryLater(next.subList(written, next.size()))) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** @return empty when there is nothing left to write and there will be nothing more */
    private List<Action> take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (settles.isEmpty() && remembers.isEmpty() && !closing) {
                changed.await();
            }
            List<Action> taken = new ArrayList<>(settles.values());
            taken.addAll(remembers.values());
            settles = new LinkedHashMap<>();
            remembers = new LinkedHashMap<>();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** @return how many were written before one failed */
    private int writeAll(List<Action> actions) {
        int written = 0;
        for (Action action : actions) {
            Exception problem = write(action);
            if (problem != null) {
                if (!failing) {
                    log.atWarn()
                            .setCause(problem)
                            .addKeyValue("waiting", actions.size() - written)
                            .log("Could not write to the ledger; trying again");
                }
                failing = true;
                return written;
            }
            written++;
        }
        if (failing) {
            failing = false;
            log.atInfo().log("Writing to the ledger works again");
        }
        return written;
    }

    private @Nullable Exception write(Action action) {
        try {
            switch (action) {
                case Action.Settle settle -> ledger.settle(settle);
                case Action.Remember remember -> ledger.remember(remember);
                case Action.Mark mark -> throw new AssertionError(mark);
                case Action.Start start -> throw new AssertionError(start);
                case Action.StartRound round -> throw new AssertionError(round);
                case Action.Later later -> throw new AssertionError(later);
                case Action.Tell tell -> throw new AssertionError(tell);
            }
            return null;
        } catch (Exception e) {
            return e;
        }
    }

    /**
     * Queues writes again, except where a newer one came meanwhile, and waits before the next attempt.
     *
     * @return false if the writer was closed, so that no attempt follows
     */
    private boolean retryLater(List<Action> unwritten) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            for (Action action : unwritten) {
                if (action instanceof Action.Settle settle) {
                    settles.merge(settle.view(), settle, LedgerWriter::newer);
                } else if (action instanceof Action.Remember remember) {
                    remembers.putIfAbsent(remember.view(), remember);
                }
            }
            long left = pause.toNanos();
            while (left > 0 && !closing) {
                left = changed.awaitNanos(left);
            }
            return !closing;
        } finally {
            lock.unlock();
        }
    }
}
