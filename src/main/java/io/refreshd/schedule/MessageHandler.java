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
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles the messages of the event loop: passes events to the {@link Scheduler} and carries out the actions that it returns.
 *
 * <p>Thread: the loop's alone, except for {@link #lastStatus}.
 */
final class MessageHandler {
    private static final Logger log = LoggerFactory.getLogger(MessageHandler.class);

    /** For what was cancelled to notice, and for the last writes: long enough for a round trip, short enough for a SIGKILL. */
    private static final Duration LAST_WAIT = Duration.ofSeconds(1);

    private final Scheduler scheduler;
    private final Supplier<Moment> clock;
    private final Consumer<Notice> listener;
    private final Duration grace;
    private final RefreshWorkers workers;
    private final LedgerWriter ledger;
    private volatile List<ViewStatus> lastStatus = List.of();
    /** Null: something has happened since the status was last computed. */
    private @Nullable List<ViewStatus> status;

    private int running;
    private boolean stopping;
    private long stopAt;
    private boolean listenerFailed;

    MessageHandler(
            Scheduler scheduler, Supplier<Moment> clock, EventLoop.Ports ports, Duration grace, Mailbox mailbox) {
        this.scheduler = scheduler;
        this.clock = clock;
        this.listener = ports.listener();
        this.grace = grace;
        this.workers = new RefreshWorkers(ports.refresher(), mailbox);
        this.ledger = new LedgerWriter(ports.ledger(), problem -> mailbox.put(new Message.ThreadDied(problem)));
    }

    void start() {
        ledger.start();
    }

    /** Whether the loop was asked to stop, and no refresh runs any more or the grace period has passed. */
    boolean finished() {
        return stopping && (running == 0 || clock.get().nanosSince(stopAt) >= 0);
    }

    /** How long to wait for a message, in nanoseconds; empty: for ever. */
    OptionalLong patience() {
        OptionalLong deadline = scheduler.nextDeadline();
        if (stopping) {
            deadline = OptionalLong.of(deadline.isPresent() ? Deadlines.earlier(deadline.getAsLong(), stopAt) : stopAt);
        }
        return deadline.isEmpty()
                ? deadline
                : OptionalLong.of(deadline.getAsLong() - clock.get().nanos());
    }

    /** @param message null: none came before the deadline */
    void handle(@Nullable Message message) {
        switch (message) {
            case null -> advance(new Event.Tick());
            case Message.Post post -> advance(post.event());
            case Message.Ask ask -> ask.answer().complete(advance(ask.event()));
            case Message.Query<?> query -> query.run();
            case Message.RefreshEnded refresh -> {
                running--;
                refresh.outcomes().forEach((view, outcome) -> advance(new Event.RefreshEnded(view, outcome)));
            }
            case Message.ThreadDied died -> throw new IllegalStateException("a worker died", died.problem());
            case Message.Stop stop -> {
                stopping = true;
                stopAt = clock.get().plus(grace).nanos();
            }
        }
    }

    private Optional<Action.Mark> advance(Event event) {
        Optional<Action.Mark> answer = Optional.empty();
        status = null;
        for (Action action : scheduler.handle(event, clock.get())) {
            switch (action) {
                case Action.Mark mark -> answer = Optional.of(mark);
                case Action.Start start -> refresh(() -> workers.start(start.task()));
                case Action.StartRound round -> refresh(() -> workers.start(round.tasks()));
                case Action.Settle settle -> ledger.write(settle);
                case Action.Remember remember -> ledger.write(remember);
                case Action.Later later -> workers.answer(later);
                case Action.Tell tell -> report(tell.notice());
            }
        }
        return answer;
    }

    private void refresh(Runnable start) {
        if (stopping) {
            return;
        }
        running++;
        start.run();
    }

    private void report(Notice notice) {
        try {
            listener.accept(notice);
        } catch (Throwable problem) {
            if (!listenerFailed) {
                listenerFailed = true;
                log.atError().setCause(problem).log("A listener failed; further failures of it are not logged");
            }
        }
    }

    Map<ViewId, Long> resting(Collection<Impact> candidates) {
        return scheduler.resting(candidates);
    }

    Optional<Lsn> logNeededFrom() {
        return scheduler.logNeededFrom(clock.get());
    }

    List<ViewStatus> status() {
        List<ViewStatus> known = status;
        if (known == null) {
            known = scheduler.status();
            status = known;
            lastStatus = known;
        }
        return known;
    }

    /** The status when it was last computed. */
    List<ViewStatus> lastStatus() {
        return lastStatus;
    }

    /** Cancels refreshes that still run, and gives them and the last writes to the ledger a moment to end. */
    void stop() throws InterruptedException {
        ledger.close();
        if (!workers.stop(running > 0, LAST_WAIT)) {
            log.atWarn().addKeyValue("refreshes", running).log("Refreshes did not end when cancelled; left behind");
        }
        ledger.join(LAST_WAIT);
    }
}
