package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.model.Impact;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class EventLoopTest {
    private static final ViewId VIEW = new ViewId("public", "v");
    private static final Supplier<Moment> CLOCK = () -> new Moment(System.nanoTime(), Instant.now());

    private final List<Throwable> fatal = new CopyOnWriteArrayList<>();
    private final List<Action.Remember> remembered = new CopyOnWriteArrayList<>();
    private final AtomicInteger ledgerFailures = new AtomicInteger();

    private final ViewLedger ledger = new ViewLedger() {
        @Override
        public void settle(Action.Settle settle) {}

        @Override
        public void remember(Action.Remember remember) throws Exception {
            if (ledgerFailures.getAndDecrement() > 0) {
                throw new SQLException("away");
            }
            remembered.add(remember);
        }
    };

    private EventLoop loop(Refresher refresher, Consumer<Notice> listener, Duration grace) {
        Scheduler scheduler = new Scheduler(SchedulerSettings.withMaxConcurrent(2), 1, new Random(1));
        return new EventLoop(scheduler, CLOCK, new EventLoop.Ports(refresher, ledger, listener, fatal::add), grace);
    }

    private static RefreshOutcome done(RefreshTask task) {
        return new RefreshOutcome.Refreshed(
                Snapshot.parse("200:200:"), Duration.ofMillis(1), Optional.empty(), false, Instant.now());
    }

    private static Event known() {
        ViewSpec spec = new ViewSpec(
                VIEW,
                1,
                new Timing(Duration.ofMillis(20), Duration.ofSeconds(1), Optional.empty()),
                Method.CONCURRENT,
                Set.of(),
                Optional.empty(),
                Optional.empty());
        return new Event.ViewsKnown(List.of(spec), Map.of(VIEW, LedgerEntry.unknown(VIEW)), Set.of());
    }

    private static Event affected(long xid) {
        return new Event.Affected(List.of(new Impact(VIEW, Xids.of(new Xid(xid)), Instant.now())));
    }

    private static boolean fresh(EventLoop loop) {
        // Without a log nothing can be claimed of a view that lacks nothing.
        return loop.status().stream().allMatch(s -> s.phase() == ViewPhase.UNTRACKED && s.refreshes() > 0);
    }

    @Test
    void refreshesAffectedViewsAndAnswersWithTheMark() throws InterruptedException {
        AtomicInteger refreshes = new AtomicInteger();
        try (EventLoop loop = loop(
                (task, later) -> {
                    refreshes.incrementAndGet();
                    return done(task);
                },
                notice -> {
                    throw new IllegalStateException("a listener that always fails");
                },
                Duration.ofSeconds(5))) {
            loop.post(known());
            loop.start();
            await().until(() -> fresh(loop));

            Optional<Action.Mark> mark = loop.ask(affected(300));
            assertThat(mark).isPresent();
            loop.post(new Event.Marked(mark.get().number(), mark.get().views()));
            assertThat(loop.ask(affected(100))).as("held by the last snapshot").isEmpty();
            await().until(() -> refreshes.get() == 2);
        }
        assertThat(fatal).isEmpty();
    }

    @Test
    void writesToTheLedgerAgainWhenItFailed() {
        ledgerFailures.set(1);
        try (EventLoop loop = loop((task, later) -> done(task), notice -> {}, Duration.ofSeconds(5))) {
            loop.post(known());
            loop.start();
            loop.post(new Event.PauseRequested(VIEW));
            await().until(() -> remembered.stream().anyMatch(Action.Remember::paused));
        }
        assertThat(fatal).isEmpty();
    }

    @Test
    void aRefresherThatThrowsEndsTheLoopAndFailsOpenQuestions() {
        EventLoop loop = loop(
                (task, later) -> {
                    throw new IllegalStateException("wrong program");
                },
                notice -> {},
                Duration.ofSeconds(5));
        loop.post(known());
        loop.start();
        await().until(() -> fatal.size() == 1);
        assertThatThrownBy(() -> loop.ask(affected(300))).isInstanceOf(IllegalStateException.class);
        loop.close();
        assertThat(fatal).hasSize(1);
    }

    @Test
    void letsARunningRefreshFinishButStartsNoOther() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        AtomicInteger finished = new AtomicInteger();
        EventLoop loop = loop(
                (task, later) -> {
                    started.countDown();
                    try {
                        release.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError("interrupted within the grace period", e);
                    }
                    finished.incrementAndGet();
                    return done(task);
                },
                notice -> {},
                Duration.ofSeconds(20));
        loop.post(known());
        loop.start();
        started.await();
        loop.post(new Event.RefreshRequested(Set.of(VIEW)));
        Thread closer = Thread.ofVirtual().start(loop::close);
        release.countDown();
        closer.join();
        assertThat(finished).hasValueBetween(1, 2);
        assertThat(fatal).isEmpty();
    }

    @Test
    void interruptsARefreshThatOutlastsTheGracePeriod() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        EventLoop loop = loop(
                (task, later) -> {
                    started.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        interrupted.countDown();
                    }
                    return done(task);
                },
                notice -> {},
                Duration.ofMillis(20));
        loop.post(known());
        loop.start();
        started.await();
        loop.close();
        loop.close();
        interrupted.await();
        assertThat(fatal).isEmpty();
    }

    @Test
    void mayBeClosedBeforeItIsStarted() {
        EventLoop loop = loop((task, later) -> done(task), notice -> {}, Duration.ofSeconds(1));
        loop.close();
        loop.close();
        assertThat(loop.status()).isEmpty();
        assertThatThrownBy(() -> loop.ask(affected(1))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(loop::start).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void answersEveryCallerHoweverStartAndCloseInterleave() throws InterruptedException {
        for (int round = 0; round < 200; round++) {
            EventLoop loop = loop((task, later) -> done(task), notice -> {}, Duration.ofSeconds(5));
            loop.post(known());
            List<Thread> threads = List.of(
                    Thread.ofVirtual().start(() -> ignoringTheEnd(loop::start)),
                    Thread.ofVirtual().start(() -> ignoringTheEnd(() -> loop.ask(affected(300)))),
                    Thread.ofVirtual().start(loop::status),
                    Thread.ofVirtual().start(loop::close),
                    Thread.ofVirtual().start(loop::close));
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertThat(fatal).isEmpty();
    }

    private interface Attempt {
        void make() throws InterruptedException;
    }

    private static void ignoringTheEnd(Attempt attempt) {
        try {
            attempt.make();
        } catch (IllegalStateException expected) {
            assertThat(expected).isNotNull();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
