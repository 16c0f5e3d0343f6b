package io.refreshd.stream;

import io.refreshd.capture.ChangeSource;
import io.refreshd.config.Configuration;
import io.refreshd.database.ConnectionPools;
import io.refreshd.model.Backoff;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The loop of attempts at streaming, with a growing pause between them. Whatever may pass by itself is waited for, as long as it
 * takes.
 *
 * <p>Thread: a thread of its own, {@code refreshd-supervisor}.
 */
public final class StreamSupervisor implements AutoCloseable {
    /** An attempt costs the database one connection, so one that is back need not wait long. */
    private static final Backoff PAUSES = new Backoff(Duration.ofMillis(250), Duration.ofSeconds(10));
    /** A stream that lived this long was healthy: the pauses begin anew. */
    private static final Duration HEALTHY = Duration.ofSeconds(30);

    private static final Duration LAST_WAIT = Duration.ofSeconds(20);

    private final StreamAttempt attempt;
    private final OutageLog outages;
    private final Supplier<Optional<DatabaseSession>> session;
    private final Endings endings;
    private final Consumer<Notice> listener;
    private @Nullable Thread thread;
    private volatile boolean closed;

    /** How attempts that fail end. Called by the supervisor's thread. */
    public interface Endings {
        /**
         * Somebody has to change something in the database first.
         *
         * @return whether the daemon ends; otherwise the next attempt follows, since it may have been changed
         */
        boolean refused(PrerequisitesMissingException refusal);

        /** Shows why there is no stream at present. */
        void failed(String detail);

        /** An error that must not happen: no further attempt follows. */
        void fatal(Throwable problem);
    }

    /** @param session the session of the present, if there is one */
    public StreamSupervisor(
            Configuration configuration,
            ConnectionPools connections,
            Surroundings around,
            StreamEvents events,
            Supplier<Optional<DatabaseSession>> session,
            Endings endings) {
        this.outages = new OutageLog(around.clock());
        this.listener = around.listener();
        this.attempt = new StreamAttempt(configuration, connections, around, new Logged(events));
        this.session = session;
        this.endings = endings;
    }

    /** Logs phases on their way to the daemon. */
    private final class Logged implements StreamEvents {
        private final StreamEvents daemon;

        Logged(StreamEvents daemon) {
            this.daemon = daemon;
        }

        @Override
        public void phase(StreamPhase phase, String detail) {
            daemon.phase(phase, detail);
            outages.phase(phase, detail);
        }

        @Override
        public void session(Optional<DatabaseSession> session) {
            daemon.session(session);
        }

        @Override
        public void capture(ChangeSource run) {
            daemon.capture(run);
        }
    }

    /** A batch was read: an outage, if there was one, is over. */
    public void streaming() {
        attempt.letOthersBegin();
        outages.recovered();
    }

    public synchronized void start() {
        if (!closed) {
            thread = Thread.ofPlatform().name("refreshd-supervisor").daemon().start(this::run);
        }
    }

    /** The next attempt drops the slot, if it is still there, and creates another one. */
    public void dropSlot() {
        attempt.dropSlot();
    }

    /** Whether the thread has ended though nobody closed it. */
    public synchronized boolean isDead() {
        return thread != null && !thread.isAlive() && !closed;
    }

    private void run() {
        try {
            attemptAgainAndAgain();
        } catch (Throwable e) {
            // Thrown while a failure was reported: without an end of the process nobody would stream again.
            endings.fatal(e);
        }
    }

    private void attemptAgainAndAgain() {
        int attempts = 0;
        while (!closed) {
            long began = System.nanoTime();
            try {
                attempt.run(session.get());
            } catch (PrerequisitesMissingException e) {
                if (endings.refused(e)) {
                    return;
                }
                outages.failed(e, endings::failed);
            } catch (InterruptedException e) {
                return;
            } catch (Exception e) {
                outages.failed(e, endings::failed);
            } catch (OutOfMemoryError e) {
                // What else has failed for it is not known: a process that begins anew is sound.
                endings.fatal(e);
                return;
            } catch (Error e) {
                listener.accept(new Notice.ErrorCaught("refreshd-supervisor", e));
                outages.failed(e, endings::failed);
            } finally {
                attempt.letOthersBegin();
            }
            if (System.nanoTime() - began > HEALTHY.toNanos()) {
                attempts = 0;
            }
            attempts++;
            try {
                // Full jitter: many sidecars of one server must not come back in step.
                Thread.sleep(PAUSES.fullJitter(attempts, ThreadLocalRandom.current()));
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** Ends the attempt that is under way, and waits for it for a bounded time. The capture is closed by whoever knows it. */
    @Override
    public void close() {
        closed = true;
        Thread started;
        synchronized (this) {
            started = thread;
        }
        if (started == null) {
            return;
        }
        started.interrupt();
        attempt.cancel();
        try {
            started.join(LAST_WAIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
