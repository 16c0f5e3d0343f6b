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

/**
 * Worker threads, one for each running refresh. A worker may ask the loop meanwhile which changes came since its refresh began.
 *
 * <p>Thread: the loop calls all methods but {@link #ask}, which a worker calls.
 */
final class RefreshWorkers {
    private final Refresher refresher;
    private final Mailbox mailbox;
    private final ExecutorService threads = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("refreshd-refresh-", 1).factory());
    private final Map<ViewId, CompletableFuture<Optional<List<KeyProbe>>>> asked = new ConcurrentHashMap<>();

    RefreshWorkers(Refresher refresher, Mailbox mailbox) {
        this.refresher = refresher;
        this.mailbox = mailbox;
    }

    void start(RefreshTask task) {
        threads.execute(() -> {
            try {
                RefreshOutcome outcome =
                        refresher.refresh(task, (position, patience) -> ask(task.view(), position, patience));
                mailbox.put(new Message.RefreshEnded(task, outcome));
            } catch (Throwable problem) {
                mailbox.put(new Message.ThreadDied(problem));
            }
        });
    }

    /** Asks by posting an event, and waits for the action that answers it. */
    private Optional<List<KeyProbe>> ask(ViewId view, Lsn position, Duration patience) throws InterruptedException {
        CompletableFuture<Optional<List<KeyProbe>>> answer = new CompletableFuture<>();
        asked.put(view, answer);
        try {
            mailbox.put(new Message.Post(new Event.LaterAsked(view, position)));
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
