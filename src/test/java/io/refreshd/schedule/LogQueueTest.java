package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Failure;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.Impact;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Remedy;
import io.refreshd.model.RoundBasis;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.report.ViewPhase;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which log is kept for incremental views, and which of them go by what it holds after a start. */
class LogQueueTest {
    private static final ViewId VIEW = new ViewId("public", "v");
    private static final QueueBound BOUND = new QueueBound(1_000, Duration.ofMinutes(1));
    private static final Timing TIMING = new Timing(Duration.ofMillis(20), Duration.ofSeconds(5), Optional.empty());
    private static final Snapshot SEEN = Snapshot.parse("100:100:");

    private final Scheduler scheduler =
            new Scheduler(SchedulerSettings.withMaxConcurrent(2).with(BOUND), 10, new Random(1));
    private FullRecompute fullRecompute = FullRecompute.ALLOW;
    private Moment now = new Moment(7, Instant.parse("2026-01-01T00:00:00Z"));

    private List<Action> handle(Event event) {
        return scheduler.handle(event, now);
    }

    private List<Action> after(Duration time) {
        now = now.plus(time);
        return handle(new Event.Tick());
    }

    private List<Action> know(boolean dirty, Optional<Snapshot> snapshot, Optional<Duration> maxStaleness) {
        ViewSpec spec = new ViewSpec(
                VIEW,
                1,
                new Timing(TIMING.quietPeriod(), TIMING.targetLag(), maxStaleness),
                Method.INCREMENTAL,
                Set.of(),
                Optional.empty(),
                Optional.empty(),
                "1",
                fullRecompute,
                List.of(),
                List.of(),
                Set.of(),
                0);
        LedgerEntry entry = new LedgerEntry(
                VIEW,
                dirty,
                Optional.empty(),
                Optional.of(new Lsn(500)),
                snapshot,
                Optional.of(now.wall()),
                Optional.of(Duration.ofMillis(5)),
                0,
                false,
                Optional.empty(),
                Optional.empty());
        return handle(new Event.ViewsKnown(List.of(spec), Map.of(VIEW, entry), Set.of()));
    }

    private void streams(long from) {
        handle(new Event.RoutedTo(new Lsn(600), Lsn.ZERO, SEEN));
        handle(new Event.StreamBegan(new Lsn(from)));
    }

    private void change(long xid) {
        KeyLookup lookup = new KeyLookup(new TableId("public", "t"), List.of(1), List.of("int"), Set.of(List.of("1")));
        handle(new Event.Affected(List.of(new Impact(VIEW, Xids.of(new Xid(xid)), now.wall(), List.of(lookup)))));
    }

    private static Optional<RefreshTask> started(List<Action> actions) {
        return actions.stream()
                .filter(Action.Start.class::isInstance)
                .map(action -> ((Action.Start) action).task())
                .findFirst();
    }

    private Optional<Lsn> needed() {
        return scheduler.logNeededFrom(now);
    }

    @Test
    void theLogIsKeptFromTheWatermarkOfAViewThatLacksChanges() {
        know(false, Optional.of(SEEN), Optional.empty());
        streams(600);
        assertThat(needed()).isEmpty();
        change(150);
        assertThat(needed()).contains(new Lsn(600));
        assertThat(started(after(Duration.ofMillis(30)))).isPresent();
        assertThat(needed()).as("until the round has ended").contains(new Lsn(600));
    }

    @Test
    void notForAViewThatIsPausedOrRecomputedAsAWhole() {
        know(false, Optional.of(SEEN), Optional.empty());
        streams(600);
        change(150);
        handle(new Event.PauseRequested(VIEW));
        assertThat(needed()).isEmpty();
        handle(new Event.ResumeRequested(VIEW));
        assertThat(needed()).isPresent();
        handle(new Event.Affected(List.of(new Impact(VIEW, Xids.of(new Xid(151)), now.wall()))));
        assertThat(needed()).isEmpty();
    }

    @Test
    void notBeyondTheBounds() {
        know(false, Optional.of(SEEN), Optional.empty());
        streams(600);
        change(150);
        handle(new Event.RoutedTo(new Lsn(1_600), SEEN));
        assertThat(needed()).isPresent();
        handle(new Event.RoutedTo(new Lsn(1_601), SEEN));
        assertThat(needed()).as("bytes").isEmpty();
    }

    @Test
    void notForLongerThanAMinute() {
        know(false, Optional.of(SEEN), Optional.empty());
        streams(600);
        change(150);
        after(Duration.ofMinutes(1));
        assertThat(needed()).isPresent();
        after(Duration.ofSeconds(1));
        assertThat(needed()).isEmpty();
    }

    @Test
    void theQueueStaysFarFromWhereTheSlotIsGivenUp() {
        assertThat(QueueBound.below(OptionalLong.empty())).isEqualTo(QueueBound.USUAL);
        assertThat(QueueBound.below(OptionalLong.of(10L << 30))).isEqualTo(QueueBound.USUAL);
        assertThat(QueueBound.below(OptionalLong.of(16L << 20)).bytes()).isEqualTo(4L << 20);
    }

    @Test
    void afterAStartItWaitsForTheLogAndGoesByWhatItHolds() {
        know(true, Optional.of(SEEN), Optional.empty());
        assertThat(started(after(Duration.ofSeconds(20)))).isEmpty();
        assertThat(needed()).contains(new Lsn(500));
        streams(500);
        change(150);
        assertThat(started(after(Duration.ofSeconds(20))))
                .as("before all of it is read")
                .isEmpty();
        RefreshTask task = started(handle(new Event.RoutedTo(new Lsn(610), SEEN)))
                .or(() -> started(after(Duration.ofMillis(1))))
                .orElseThrow();
        assertThat(task.refreshesAll()).isFalse();
        assertThat(task.lookups()).hasSize(1);
    }

    /** The refresh had committed, and only the ledger did not say so yet. */
    @Test
    void itGoesByNoRowsIfTheLogHoldsNothingThatItLacks() {
        know(true, Optional.of(SEEN), Optional.empty());
        streams(500);
        RefreshTask task =
                started(handle(new Event.RoutedTo(new Lsn(610), SEEN))).orElseThrow();
        assertThat(task.refreshesAll()).isFalse();
        assertThat(task.lookups()).isEmpty();
    }

    @Test
    void aStreamThatBeginsTooLateMeansAllRows() {
        know(true, Optional.of(SEEN), Optional.empty());
        handle(new Event.RoutedTo(new Lsn(600), Lsn.ZERO, SEEN));
        RefreshTask task = started(handle(new Event.StreamBegan(new Lsn(501)))).orElseThrow();
        assertThat(task.refreshesAll()).isTrue();
        assertThat(task.basis().everything()).contains("the log holds not all of them");
    }

    /** The first stream ended before it had brought all, and something was confirmed in between. */
    @Test
    void theSecondStreamIsLookedAtAgain() {
        know(true, Optional.of(SEEN), Optional.empty());
        streams(500);
        assertThat(needed()).contains(new Lsn(500));
        handle(new Event.RoutedTo(new Lsn(600), Lsn.ZERO, SEEN));
        assertThat(started(handle(new Event.StreamBegan(new Lsn(520))))
                        .orElseThrow()
                        .refreshesAll())
                .isTrue();
    }

    /** Whatever takes the snapshot from the ledger is not in the log. */
    @Test
    void withoutASnapshotAllRowsAreRecomputedAtOnce() {
        assertThat(started(know(true, Optional.empty(), Optional.empty()))
                        .orElseThrow()
                        .refreshesAll())
                .isTrue();
    }

    @Test
    void anInvalidationReachesTheLedgerAlthoughThatSaysDirtyAlready() {
        know(true, Optional.of(SEEN), Optional.empty());
        List<Action> actions = handle(new Event.Invalidated("test"));
        assertThat(actions)
                .filteredOn(Action.Mark.class::isInstance)
                .singleElement()
                .isInstanceOfSatisfying(
                        Action.Mark.class,
                        mark -> assertThat(mark.invalidated()).containsExactly(VIEW));
    }

    @Test
    void maxStalenessDoesNotWaitForTheLogForEver() {
        know(true, Optional.of(SEEN), Optional.of(Duration.ofSeconds(20)));
        assertThat(started(after(Duration.ofSeconds(10)))).isEmpty();
        assertThat(scheduler.nextDeadline()).isPresent();
        now = new Moment(scheduler.nextDeadline().getAsLong(), now.wall());
        assertThat(started(handle(new Event.Tick())).orElseThrow().refreshesAll())
                .isTrue();
    }

    @Test
    void anOperatorsWordAllowsAllRowsOnce() {
        fullRecompute = FullRecompute.NEVER;
        know(false, Optional.of(SEEN), Optional.empty());
        streams(600);
        handle(new Event.Affected(List.of(new Impact(VIEW, Xids.of(new Xid(150)), now.wall()))));
        RefreshTask task = started(after(Duration.ofMillis(30))).orElseThrow();
        assertThat(task.basis().fullRecompute()).isEqualTo(FullRecompute.NEVER);
        handle(new Event.RefreshEnded(
                VIEW,
                new RefreshOutcome.Failed(
                        new Failure(Failure.Kind.PERMANENT, "", "forbidden", Remedy.NONE), Duration.ZERO)));
        assertThat(scheduler.status().getFirst().phase()).isEqualTo(ViewPhase.SUSPENDED);
        assertThat(started(after(Duration.ofHours(1)))).isEmpty();
        task = started(handle(new Event.ResumeRequested(VIEW))).orElseThrow();
        assertThat(task.basis()).isEqualTo(new RoundBasis("1", "a refresh was asked for", FullRecompute.ALLOW));
    }
}
