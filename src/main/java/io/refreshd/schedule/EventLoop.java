package io.refreshd.schedule;

import io.refreshd.model.Impact;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Event loop around the {@link Scheduler}: owns the one thread that calls it. Others post events to the loop; refreshes and
 * writes to the ledger run on threads of their own, so that the loop never blocks on the database.
 *
 * <p>The loop ends in this order: no refresh is started any more; running ones get the grace period; then they are cancelled
 * and interrupted; pending writes to the ledger are written; then {@link #close} returns.
 *
 * <p>Thread: any may call any method.
 */
public final class EventLoop implements AutoCloseable {
    /** A loop that does not answer within this time is in trouble; an old status serves a health check better than none. */
    private static final Duration STATUS_WAIT = Duration.ofSeconds(1);

    /**
     * What the loop acts through.
     *
     * @param listener called on the loop's thread, so it must be quick; what it throws is logged once and ignored
     * @param onFatal called once, when all is closed, if the loop died of something that must not happen
     */
    public record Ports(
            Refresher refresher, ViewLedger ledger, Consumer<Notice> listener, Consumer<Throwable> onFatal) {}

    private enum Life {
        NEW,
        STARTED,
        CLOSED
    }

    private final Mailbox mailbox = new Mailbox();
    private final Thread thread = new Thread(this::run, "refreshd-loop");
    private final AtomicReference<Life> life = new AtomicReference<>(Life.NEW);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final MessageHandler handler;
    private final LivenessProbe liveness;
    private final Consumer<Throwable> onFatal;
    private volatile boolean died;

    public EventLoop(Scheduler scheduler, Supplier<Moment> clock, Ports ports, Duration grace) {
        this.handler = new MessageHandler(scheduler, clock, ports, grace, mailbox);
        this.liveness = new LivenessProbe(clock);
        this.onFatal = ports.onFatal();
        thread.setDaemon(true);
    }

    public void start() {
        if (!life.compareAndSet(Life.NEW, Life.STARTED)) {
            throw new IllegalStateException("an event loop starts once, and not after it was closed");
        }
        handler.start();
        thread.start();
    }

    /**
     * Hands over an event. Never blocks. After the loop has ended the event is dropped.
     *
     * <p>If the event leads to a dirty mark, nobody gets it: use {@link #ask} for such events.
     */
    public void post(Event event) {
        mailbox.put(new Message.Post(event));
    }

    /**
     * Hands over an event and waits for the dirty mark that it leads to. The caller writes the mark to the ledger and posts
     * {@link Event.Marked}; not before that may the changes be acknowledged. Not to be called by a listener.
     *
     * @return empty: nothing has to be written, all the views are durably dirty or hold the changes already
     * @throws IllegalStateException if the loop has ended, so that nothing is acknowledged by mistake
     */
    public Optional<Action.Mark> ask(Event event) throws InterruptedException {
        CompletableFuture<Optional<Action.Mark>> answer = new CompletableFuture<>();
        mailbox.put(new Message.Ask(event, answer));
        return await(answer);
    }

    /**
     * {@link Scheduler#resting}, after all events that the calling thread posted before.
     *
     * @throws IllegalStateException if the loop has ended
     */
    public Map<ViewId, Long> resting(Collection<Impact> candidates) throws InterruptedException {
        CompletableFuture<Map<ViewId, Long>> answer = new CompletableFuture<>();
        mailbox.put(new Message.Query<>(() -> handler.resting(candidates), answer));
        return await(answer);
    }

    /**
     * {@link Scheduler#logNeededFrom}, after all events that the calling thread posted before.
     *
     * @throws IllegalStateException if the loop has ended
     */
    public Optional<Lsn> logNeededFrom() throws InterruptedException {
        CompletableFuture<Optional<Lsn>> answer = new CompletableFuture<>();
        mailbox.put(new Message.Query<>(handler::logNeededFrom, answer));
        return await(answer);
    }

    private static <T> T await(CompletableFuture<T> answer) throws InterruptedException {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the event loop has ended", e.getCause());
        }
    }

    /**
     * Status of all views, after all events that the calling thread posted before. If the loop has not started, has ended or does
     * not answer within a second, it is the last known status.
     */
    public List<ViewStatus> status() {
        if (Thread.currentThread() == thread) {
            return handler.status();
        }
        if (life.get() == Life.NEW || mailbox.isClosed()) {
            return handler.lastStatus();
        }
        CompletableFuture<List<ViewStatus>> answer = new CompletableFuture<>();
        askForStatus(answer);
        try {
            return answer.get(STATUS_WAIT.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return handler.lastStatus();
        } catch (ExecutionException | TimeoutException e) {
            return handler.lastStatus();
        }
    }

    private void askForStatus(CompletableFuture<List<ViewStatus>> answer) {
        mailbox.put(new Message.Query<>(handler::status, answer));
    }

    /** Whether the loop has ended of something that must not happen. */
    public boolean isDead() {
        return died;
    }

    /** How long the loop has owed an answer; zero if it works. Never blocks. */
    public Duration unanswered() {
        return life.get() == Life.NEW ? Duration.ZERO : liveness.unanswered(this::askForStatus);
    }

    /**
     * Stops the loop and waits until it has ended. Called from the loop's own thread, it does not wait. An interrupt ends the
     * waiting, not the stopping.
     */
    @Override
    public void close() {
        switch (life.getAndSet(Life.CLOSED)) {
            case NEW -> {
                mailbox.close(new IllegalStateException("closed before it was started"));
                ended.countDown();
            }
            case STARTED -> mailbox.put(new Message.Stop());
            case CLOSED -> {}
        }
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        Throwable fatal = null;
        try {
            while (!handler.finished()) {
                OptionalLong patience = handler.patience();
                handler.handle(patience.isEmpty() ? mailbox.take() : mailbox.poll(patience.getAsLong()));
            }
        } catch (Throwable problem) {
            fatal = problem;
            died = true;
        }
        try {
            shutDown(fatal);
        } finally {
            if (fatal != null) {
                // Last of all: it may end the process, and a shutdown hook that calls close() must not wait for this
                // thread.
                onFatal.accept(fatal);
            }
        }
    }

    private void shutDown(@Nullable Throwable fatal) {
        try {
            life.set(Life.CLOSED);
            if (fatal == null) {
                // From now on everybody gets this status.
                handler.status();
            }
            mailbox.close(fatal == null ? new IllegalStateException("closed") : fatal);
            handler.stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            ended.countDown();
        }
    }
}
