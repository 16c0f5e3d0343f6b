package io.refreshd.schedule;

import io.refreshd.model.Moment;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Measures how long the event loop has owed an answer. An idle loop waits for events for ever, so only a question to it tells
 * an idle loop from one that hangs. There is at most one open question.
 *
 * <p>Thread: any.
 */
final class LivenessProbe {
    private final Supplier<Moment> clock;
    private final AtomicReference<Question> last =
            new AtomicReference<>(new Question(CompletableFuture.completedFuture(List.of()), 0));

    private record Question(CompletableFuture<List<ViewStatus>> answer, long asked) {}

    LivenessProbe(Supplier<Moment> clock) {
        this.clock = clock;
    }

    /**
     * Zero if the last question has been answered; then the next one is sent.
     *
     * @param send asks the loop for an answer
     */
    Duration unanswered(Consumer<CompletableFuture<List<ViewStatus>>> send) {
        Moment now = clock.get();
        Question question = Objects.requireNonNull(last.get());
        if (!question.answer().isDone()) {
            return Duration.ofNanos(now.nanosSince(question.asked()));
        }
        CompletableFuture<List<ViewStatus>> answer = new CompletableFuture<>();
        if (last.compareAndSet(question, new Question(answer, now.nanos()))) {
            send.accept(answer);
        }
        return Duration.ZERO;
    }
}
