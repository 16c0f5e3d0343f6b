package io.refreshd.schedule;

import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shell around the {@link Scheduler}: owns the one thread that calls it, the queue of events, the threads that refresh
 * and the one that writes to the ledger. The loop itself never blocks on the database.
 *
 * <p>It ends in this order: no refresh is started any more; those that run get the grace period; then they are cancelled and
 * interrupted; what waits to be written to the ledger is written; then {@link #close} returns.
 */
public final class EventLoop implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EventLoop.class);

    /** For what was cancelled to notice, and for the last writes: long enough for a round trip, short enough for a SIGKILL. */
    private static final Duration LAST_WAIT = Duration.ofSeconds(1);

    /** A loop that has not come round by then is in trouble; an old answer serves a health check better than none. */
    private static final Duration STATUS_WAIT = Duration.ofSeconds(1);

    /**
     * What the loop acts through.
     *
     * @param listener called on the loop's thread, so it must be quick; what it throws is logged once and ignored
     * @param onFatal called once, when all is closed, if the loop died of something that must not happen
     */
    public record Ports(
            Refresher refresher, ViewLedger ledger, Consumer<Notice> listener, Consumer<Throwable> onFatal) {}

    private sealed interface Message {
        record Told(Event event, @Nullable CompletableFuture<Optional<Action.Mark>> answer) implements Message {}

        record Ended(RefreshTask task, RefreshOutcome outcome) implements Message {}

        record StatusAsked(CompletableFuture<List<ViewStatus>> answer) implements Message {}

        record RestingAsked(Collection<ViewId> views, CompletableFuture<Map<ViewId, Long>> answer) implements Message {}

        record Crashed(Throwable problem) implements Message {}

        record Stop() implements Message {}
    }

    private enum Life {
        NEW,
        STARTED,
        CLOSED
    }

    private final Scheduler scheduler;
    private final Supplier<Moment> clock;
    private final Ports ports;
    private final Duration grace;
    private final Thread thread = new Thread(this::run, "refreshd-loop");
    private final LinkedBlockingQueue<Message> queue = new LinkedBlockingQueue<>();
    private final Workers workers;
    private final LedgerWriter ledger;
    private final AtomicReference<Life> life = new AtomicReference<>(Life.NEW);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicReference<Probe> probe =
            new AtomicReference<>(new Probe(CompletableFuture.completedFuture(List.of()), 0));
    private volatile boolean deaf;
    private volatile List<ViewStatus> published = List.of();

    // Only the loop's thread touches these.
    private @Nullable List<ViewStatus> current;
    private int running;
    private boolean stopping;
    private long stopAt;
    private boolean listenerFailed;

    public EventLoop(Scheduler scheduler, Supplier<Moment> clock, Ports ports, Duration grace) {
        this.scheduler = scheduler;
        this.clock = clock;
        this.ports = ports;
        this.grace = grace;
        this.workers = new Workers(
                ports.refresher(),
                this::post,
                (task, outcome) -> queue.add(new Message.Ended(task, outcome)),
                problem -> queue.add(new Message.Crashed(problem)));
        this.ledger = new LedgerWriter(ports.ledger(), problem -> queue.add(new Message.Crashed(problem)));
        thread.setDaemon(true);
    }

    public void start() {
        if (!life.compareAndSet(Life.NEW, Life.STARTED)) {
            throw new IllegalStateException("an event loop starts once, and not after it was closed");
        }
        ledger.start();
        thread.start();
    }

    /** Any thread; never blocks. After the loop has ended events go nowhere. A mark in the answer is nobody's: see ask. */
    public void post(Event event) {
        enqueue(new Message.Told(event, null));
    }

    /**
     * Hands over an event and waits for the dirty mark that it leads to. Whoever asks writes the mark to the ledger and posts
     * {@link Event.Marked}; not before that may the changes be acknowledged. Not to be called by a listener.
     *
     * @return empty: nothing has to be written, all the views are durably dirty or hold the changes already
     * @throws IllegalStateException if the loop has ended, so that nothing is acknowledged by mistake
     */
    public Optional<Action.Mark> ask(Event event) throws InterruptedException {
        CompletableFuture<Optional<Action.Mark>> answer = new CompletableFuture<>();
        enqueue(new Message.Told(event, answer));
        return await(answer);
    }

    /**
     * What {@link Scheduler#resting} says, after all that was posted before by the same thread.
     *
     * @throws IllegalStateException if the loop has ended
     */
    public Map<ViewId, Long> resting(Collection<ViewId> views) throws InterruptedException {
        CompletableFuture<Map<ViewId, Long>> answer = new CompletableFuture<>();
        enqueue(new Message.RestingAsked(views, answer));
        return await(answer);
    }

    private static <T> T await(CompletableFuture<T> answer) throws InterruptedException {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the event loop has ended", e.getCause());
        }
    }

    /** Any thread. Holds what was posted before by the same thread; waits for the loop to come round, but not for long. */
    public List<ViewStatus> status() {
        if (Thread.currentThread() == thread) {
            return currentStatus();
        }
        if (life.get() == Life.NEW || deaf) {
            return published;
        }
        CompletableFuture<List<ViewStatus>> answer = new CompletableFuture<>();
        enqueue(new Message.StatusAsked(answer));
        try {
            return answer.get(STATUS_WAIT.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return published;
        } catch (ExecutionException | TimeoutException e) {
            return published;
        }
    }

    /**
     * Any thread; never blocks. How long the loop has owed an answer: zero for one that comes round. An idle loop waits for
     * events for ever, so only asking it tells one from the other.
     */
    public Duration unanswered() {
        Moment now = clock.get();
        Probe last = Objects.requireNonNull(probe.get());
        if (last.answer().isDone()) {
            CompletableFuture<List<ViewStatus>> answer = new CompletableFuture<>();
            if (life.get() == Life.STARTED && probe.compareAndSet(last, new Probe(answer, now.nanos()))) {
                enqueue(new Message.StatusAsked(answer));
            }
            return Duration.ZERO;
        }
        return Duration.ofNanos(now.nanosSince(last.asked()));
    }

    private record Probe(CompletableFuture<List<ViewStatus>> answer, long asked) {}

    /** Any thread. From the loop's own thread it only begins to end. An interrupt stops the waiting, not the ending. */
    @Override
    public void close() {
        switch (life.getAndSet(Life.CLOSED)) {
            case NEW -> {
                turnDeaf(new IllegalStateException("closed before it was started"));
                ended.countDown();
            }
            case STARTED -> queue.add(new Message.Stop());
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

    private void enqueue(Message message) {
        queue.add(message);
        if (deaf) {
            // It may have come in after the last look at the queue.
            failAll(new IllegalStateException("closed"));
        }
    }

    private void run() {
        Throwable fatal = null;
        try {
            while (!finished()) {
                handle(next());
            }
        } catch (Throwable problem) {
            fatal = problem;
        }
        shutDown(fatal);
        if (fatal != null) {
            // Last of all: it may end the process, and a shutdown hook that calls close() must not wait for this
            // thread.
            ports.onFatal().accept(fatal);
        }
    }

    private boolean finished() {
        return stopping && (running == 0 || clock.get().nanosSince(stopAt) >= 0);
    }

    private @Nullable Message next() throws InterruptedException {
        OptionalLong deadline = scheduler.nextDeadline();
        if (stopping) {
            deadline = OptionalLong.of(deadline.isPresent() ? Needs.earlier(deadline.getAsLong(), stopAt) : stopAt);
        }
        if (deadline.isEmpty()) {
            return queue.take();
        }
        return queue.poll(deadline.getAsLong() - clock.get().nanos(), TimeUnit.NANOSECONDS);
    }

    private void handle(@Nullable Message message) throws Exception {
        switch (message) {
            case null -> advance(new Event.Tick());
            case Message.Told told -> {
                Optional<Action.Mark> mark = advance(told.event());
                if (told.answer() != null) {
                    told.answer().complete(mark);
                }
            }
            case Message.Ended refresh -> {
                running--;
                advance(new Event.RefreshEnded(refresh.task().view(), refresh.outcome()));
            }
            case Message.StatusAsked asked -> asked.answer().complete(currentStatus());
            case Message.RestingAsked asked -> asked.answer().complete(scheduler.resting(asked.views()));
            case Message.Crashed crashed -> throw new IllegalStateException("a worker died", crashed.problem());
            case Message.Stop stop -> {
                stopping = true;
                stopAt = clock.get().plus(grace).nanos();
            }
        }
    }

    private Optional<Action.Mark> advance(Event event) {
        Optional<Action.Mark> answer = Optional.empty();
        current = null;
        for (Action action : scheduler.handle(event, clock.get())) {
            switch (action) {
                case Action.Mark mark -> answer = Optional.of(mark);
                case Action.Start start -> refresh(start.task());
                case Action.Settle settle -> ledger.write(settle);
                case Action.Remember remember -> ledger.write(remember);
                case Action.Later later -> workers.answer(later);
                case Action.Tell tell -> report(tell.notice());
            }
        }
        return answer;
    }

    private void refresh(RefreshTask task) {
        if (stopping) {
            return;
        }
        running++;
        workers.start(task);
    }

    private void report(Notice notice) {
        try {
            ports.listener().accept(notice);
        } catch (Throwable problem) {
            if (!listenerFailed) {
                listenerFailed = true;
                log.atError().setCause(problem).log("A listener failed; further failures of it are not logged");
            }
        }
    }

    private List<ViewStatus> currentStatus() {
        List<ViewStatus> status = current;
        if (status == null) {
            status = scheduler.status();
            current = status;
            published = status;
        }
        return status;
    }

    private void shutDown(@Nullable Throwable fatal) {
        try {
            life.set(Life.CLOSED);
            if (fatal == null) {
                published = currentStatus();
            }
            turnDeaf(fatal == null ? new IllegalStateException("closed") : fatal);
            ledger.close();
            if (!workers.stop(running > 0, LAST_WAIT)) {
                log.atWarn().addKeyValue("refreshes", running).log("Refreshes did not end when cancelled; left behind");
            }
            ledger.join(LAST_WAIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            ended.countDown();
        }
    }

    private void turnDeaf(Throwable reason) {
        deaf = true;
        failAll(reason);
    }

    private void failAll(Throwable reason) {
        for (Message message = queue.poll(); message != null; message = queue.poll()) {
            if (message instanceof Message.Told told && told.answer() != null) {
                told.answer().completeExceptionally(reason);
            } else if (message instanceof Message.RestingAsked asked) {
                asked.answer().completeExceptionally(reason);
            } else if (message instanceof Message.StatusAsked asked) {
                asked.answer().complete(published);
            }
        }
    }
}
