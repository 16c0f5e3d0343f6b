package io.refreshd.fleet;

import io.refreshd.config.Configuration;
import io.refreshd.daemon.DatabaseUnit;
import io.refreshd.daemon.StartQueue;
import io.refreshd.model.Backoff;
import io.refreshd.observe.LogDatabase;
import io.refreshd.observe.ServedDatabase;
import io.refreshd.report.Notice;
import io.refreshd.report.UnitPhase;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the unit of one database of several. A unit that has ended by itself, or has got stuck, is closed, and another one begins after a
 * growing pause; what may pass by itself a unit waits for within.
 *
 * <p>Thread: any; a virtual thread for as long as the database is served, {@code refreshd-unit-NAME}.
 */
final class UnitRunner {
    private static final Logger log = LoggerFactory.getLogger(UnitRunner.class);
    private static final Backoff PAUSES = new Backoff(Duration.ofSeconds(1), Duration.ofMinutes(1));

    /** A unit that lived this long was healthy: the pauses begin anew. */
    private static final Duration HEALTHY = Duration.ofMinutes(2);

    private static final long LOOK_MILLIS = 1_000;

    private final String name;
    private final Configuration configuration;
    private final Duration rolesInterval;
    private final StartQueue starts;
    private final BiConsumer<String, Notice> listener;
    private final Supplier<String> elsewhere;

    private @Nullable Thread thread;
    private volatile @Nullable DatabaseUnit unit;
    private volatile @Nullable String failure;
    private volatile int failuresInARow;
    private final AtomicLong restarts = new AtomicLong();

    /**
     * @param starts the queue of all databases of this process
     * @param elsewhere what to say of the database while this process does not serve it
     */
    UnitRunner(
            String name,
            Configuration configuration,
            Duration rolesInterval,
            StartQueue starts,
            BiConsumer<String, Notice> listener,
            Supplier<String> elsewhere) {
        this.name = name;
        this.configuration = configuration;
        this.rolesInterval = rolesInterval;
        this.starts = starts;
        this.listener = listener;
        this.elsewhere = elsewhere;
    }

    synchronized boolean isWanted() {
        return thread != null;
    }

    /** Returns at once. */
    synchronized void start() {
        if (thread == null) {
            thread = Thread.ofVirtual().name("refreshd-unit-" + name).start(this::run);
        }
    }

    /** Asks the unit to end. @return the thread that ends it; null if the database is not served */
    synchronized @Nullable Thread stop() {
        Thread running = thread;
        thread = null;
        if (running != null) {
            running.interrupt();
        }
        return running;
    }

    /** Whether the thread has ended though nobody asked for it. */
    synchronized boolean isDead() {
        return thread != null && !thread.isAlive();
    }

    /** Whether this thread is the one that runs the unit: whoever asked for its end may not have been heard. */
    private synchronized boolean isMine() {
        return thread == Thread.currentThread();
    }

    int failuresInARow() {
        return failuresInARow;
    }

    ServedDatabase show() {
        DatabaseUnit present = unit;
        String why = failure;
        if (present != null) {
            return new ServedDatabase(name, UnitPhase.SERVED, "", restarts.get(), Optional.of(present.monitor()));
        }
        return why == null
                ? new ServedDatabase(name, UnitPhase.ELSEWHERE, elsewhere.get(), restarts.get(), Optional.empty())
                : new ServedDatabase(name, UnitPhase.RESTARTING, why, restarts.get(), Optional.empty());
    }

    /** An error that no thread of the unit has caught. */
    void uncaught(Notice.ErrorCaught notice) {
        DatabaseUnit present = unit;
        if (present != null) {
            present.accept(notice);
        }
    }

    private void run() {
        LogDatabase.set(name);
        failuresInARow = 0;
        try {
            while (isMine()) {
                long began = System.nanoTime();
                String why = serve();
                failuresInARow = System.nanoTime() - began > HEALTHY.toNanos() ? 1 : failuresInARow + 1;
                restarts.incrementAndGet();
                failure = why;
                Duration pause = PAUSES.equalJitter(failuresInARow, ThreadLocalRandom.current());
                log.atError()
                        .addKeyValue("reason", why)
                        .addKeyValue("pause", pause)
                        .log("The database begins anew");
                Thread.sleep(pause);
            }
        } catch (InterruptedException stopped) {
            failure = null;
        }
    }

    /** @return why the unit has ended @throws InterruptedException if it was asked to end */
    private String serve() throws InterruptedException {
        DatabaseUnit begun = null;
        try {
            begun = new DatabaseUnit(configuration, Optional.of(name), rolesInterval, starts);
            begun.addListener(notice -> listener.accept(name, notice));
            begun.begin();
            unit = begun;
            failure = null;
            return awaitEnd(begun);
        } catch (RuntimeException | Error e) {
            log.atError().setCause(e).log("The unit could not begin");
            return reason(e);
        } finally {
            if (unit == begun) {
                unit = null;
            }
            close(begun);
        }
    }

    private static String awaitEnd(DatabaseUnit unit) throws InterruptedException {
        while (true) {
            try {
                return unit.ended()
                        .get(LOOK_MILLIS, TimeUnit.MILLISECONDS)
                        .map(UnitRunner::reason)
                        .orElse("it was closed");
            } catch (ExecutionException e) {
                return reason(e);
            } catch (TimeoutException goesOn) {
                List<String> stuck = unit.monitor().stuck();
                if (!stuck.isEmpty()) {
                    return String.join("; ", stuck);
                }
            }
        }
    }

    /** Without the message, which may hold values of rows: the log has it where it may. */
    private static String reason(Throwable problem) {
        return "an internal error (" + problem.getClass().getSimpleName() + "); the log of refreshd says more";
    }

    private static void close(@Nullable DatabaseUnit begun) {
        if (begun == null) {
            return;
        }
        try {
            begun.close();
        } catch (RuntimeException e) {
            log.atError().setCause(e).log("The unit could not be closed in order");
        }
    }
}
