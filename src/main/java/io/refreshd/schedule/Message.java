package io.refreshd.schedule;

import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.ViewId;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Message to the event loop's thread. */
sealed interface Message {

    /** The loop has ended: whoever waits for an answer gets this instead. */
    default void fail(Throwable reason) {}

    record Post(Event event) implements Message {}

    /** An event whose sender waits for the mark that it leads to. */
    record Ask(Event event, CompletableFuture<Optional<Action.Mark>> answer) implements Message {
        @Override
        public void fail(Throwable reason) {
            answer.completeExceptionally(reason);
        }
    }

    /** Reads state that only the loop's thread may touch. */
    record Query<T>(Supplier<T> read, CompletableFuture<T> answer) implements Message {
        void run() {
            answer.complete(read.get());
        }

        @Override
        public void fail(Throwable reason) {
            answer.completeExceptionally(reason);
        }
    }

    /** A refresh has ended, or a round of several views. */
    record RefreshEnded(Map<ViewId, RefreshOutcome> outcomes) implements Message {}

    /** A thread of the loop ended with a problem that must not happen. */
    record ThreadDied(Throwable problem) implements Message {}

    record Stop() implements Message {}
}
