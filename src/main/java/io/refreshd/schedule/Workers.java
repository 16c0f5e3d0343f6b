package io.refreshd.schedule;

import io.refreshd.model.KeyProbe;
import io.refreshd.model.Lsn;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** The threads that refresh, and what a refresh that runs is told meanwhile. */
final class Workers {
    private final Refresher refresher;
    private final Consumer<Event> post;
    private final BiConsumer<RefreshTask, RefreshOutcome> onEnded;
    private final Consumer<Throwable> onCrash;
    private final ExecutorService threads = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("refreshd-refresh-", 1).factory());
    private final Map<ViewId, CompletableFuture<Optional<List<KeyProbe>>>> asked = new ConcurrentHashMap<>();

    Workers(
            Refresher refresher,
            Consumer<Event> post,
            BiConsumer<RefreshTask, RefreshOutcome> onEnded,
            Consumer<Throwable> onCrash) {
        this.refresher = refresher;
        this.post = post;
        this.onEnded = onEnded;
        this.onCrash = onCrash;
    }

    void start(RefreshTask task) {
        threads.execute(() -> {
            try {
                onEnded.accept(
                        task, refresher.refresh(task, (position, patience) -> ask(task.view(), position, patience)));
            } catch (Throwable problem) {
                onCrash.accept(problem);
            }
        });
    }

    /** Asks by posting an event, and waits for the action that answers it. */
    private Optional<List<KeyProbe>> ask(ViewId view, Lsn position, Duration patience) throws InterruptedException {
        CompletableFuture<Optional<List<KeyProbe>>> answer = new CompletableFuture<>();
        asked.put(view, answer);
        try {
            post.accept(new Event.LaterAsked(view, position));
            return answer.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            return Optional.empty();
        } catch (ExecutionException never) {
            throw new IllegalStateException(never);
        } finally {
            asked.remove(view);
        }
    }

    void answer(Action.Later later) {
        CompletableFuture<Optional<List<KeyProbe>>> answer = asked.get(later.view());
        if (answer != null) {
            answer.complete(later.probes());
        }
    }

    /** @return false if some did not heed that they were cancelled */
    boolean stop(boolean running, Duration wait) throws InterruptedException {
        if (running) {
            refresher.cancel();
        }
        threads.shutdownNow();
        return threads.awaitTermination(wait.toNanos(), TimeUnit.NANOSECONDS);
    }
}
