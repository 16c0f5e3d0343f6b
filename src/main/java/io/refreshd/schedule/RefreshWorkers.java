package io.refreshd.schedule;

import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Worker threads, one for each running refresh or round. A worker may ask the loop meanwhile which changes came since its refresh began.
 *
 * <p>Thread: the loop calls all methods but those that ask, which a worker calls.
 */
final class RefreshWorkers {
    private final Refresher refresher;
    private final Mailbox mailbox;
    private final ExecutorService threads = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("refreshd-refresh-", 1).factory());
    private final Map<ViewId, CompletableFuture<Optional<List<KeyLookup>>>> asked = new ConcurrentHashMap<>();

    RefreshWorkers(Refresher refresher, Mailbox mailbox) {
        this.refresher = refresher;
        this.mailbox = mailbox;
    }

    void start(RefreshTask task) {
        start(() -> {
            Refresher.Later later = (position, patience) -> Objects.requireNonNull(
                    ask(List.of(task.view()), position, patience).get(task.view()));
            return Map.of(task.view(), refresher.refresh(task, later));
        });
    }

    /** Starts a round of several views. */
    void start(List<RefreshTask> tasks) {
        start(() -> refresher.round(tasks, this::ask));
    }

    private void start(Supplier<Map<ViewId, RefreshOutcome>> refresh) {
        threads.execute(() -> {
            try {
                mailbox.put(new Message.RefreshEnded(refresh.get()));
            } catch (Throwable problem) {
                mailbox.put(new Message.ThreadDied(problem));
            }
        });
    }

    /** Asks by posting an event for each view, and waits for the actions that answer them. */
    private Map<ViewId, Optional<List<KeyLookup>>> ask(Collection<ViewId> views, Lsn position, Duration patience)
            throws InterruptedException {
        Map<ViewId, CompletableFuture<Optional<List<KeyLookup>>>> answers = new LinkedHashMap<>();
        views.forEach(view -> answers.put(view, new CompletableFuture<>()));
        asked.putAll(answers);
        try {
            views.forEach(view -> mailbox.put(new Message.Post(new Event.LaterAsked(view, position))));
            CompletableFuture.allOf(answers.values().toArray(CompletableFuture[]::new))
                    .get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            // What has not been answered by now is not known.
        } catch (ExecutionException never) {
            throw new IllegalStateException(never);
        } finally {
            views.forEach(asked::remove);
        }
        Map<ViewId, Optional<List<KeyLookup>>> known = new HashMap<>();
        answers.forEach((view, answer) -> known.put(view, answer.getNow(Optional.empty())));
        return known;
    }

    void answer(Action.Later later) {
        CompletableFuture<Optional<List<KeyLookup>>> answer = asked.get(later.view());
        if (answer != null) {
            answer.complete(later.lookups());
        }
    }

    /**
     * Interrupts all workers and waits for them.
     *
     * @param cancel whether refreshes run that have to be cancelled too
     * @return false if some did not end within that time
     */
    boolean stop(boolean cancel, Duration wait) throws InterruptedException {
        if (cancel) {
            refresher.cancel();
        }
        threads.shutdownNow();
        return threads.awaitTermination(wait.toNanos(), TimeUnit.NANOSECONDS);
    }
}
