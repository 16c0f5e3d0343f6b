package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Failure;
import io.refreshd.model.Impact;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Remedy;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.report.Lateness;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SchedulerTest {
    private static final ViewId A = new ViewId("public", "a");
    private static final ViewId B = new ViewId("public", "b");
    private static final Timing TIMING = new Timing(Duration.ofMillis(100), Duration.ofSeconds(1), Optional.empty());

    private final Scheduler scheduler = new Scheduler(SchedulerSettings.withMaxConcurrent(2), 1_000, new Random(1));
    private Moment now = new Moment(5, Instant.parse("2026-01-01T00:00:00Z"));

    @Test
    void statusShowsSinceWhenARefreshRuns() {
        know(spec(A));
        handle(affected(A, 100));
        assertThat(status(A).refreshingSince()).isEmpty();
        after(TIMING.targetLag());
        assertThat(status(A).refreshingSince()).contains(now.wall());
        Instant began = now.wall();
        after(Duration.ofMinutes(3));
        assertThat(status(A).refreshingSince()).contains(began);
        assertThat(status(A).refreshingFor(now.wall())).contains(Duration.ofMinutes(3));
        handle(refreshed(A, "200:200:", false));
        assertThat(status(A).refreshingSince()).isEmpty();
    }

    @Test
    void skipsAViewThatDoesNotContainTheRows() {
        know(spec(A));
        Map<ViewId, Long> resting = resting(A, B);
        assertThat(resting).as("B is not registered").containsOnlyKeys(A);
        assertThat(handle(skipped(A, 100, resting)))
                .containsExactly(new Action.Tell(new Notice.RefreshAvoided(List.of(A), Notice.Avoided.DISCRIMINATOR)));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.FRESH);
    }

    @Test
    void skipsAViewOnlyIfItWasCleanAndIdleThroughout() {
        know(spec(A));
        Map<ViewId, Long> before = resting(A);
        handle(affected(A, 100));
        assertThat(resting(A)).as("dirty").isEmpty();
        assertThat(handle(skipped(A, 101, before)))
                .as("it is dirty anyway")
                .contains(new Action.Tell(new Notice.RefreshAvoided(A, Notice.Avoided.COALESCED)));
        after(TIMING.targetLag());
        assertThat(resting(A)).as("refreshing").isEmpty();
        handle(refreshed(A, "102:102:", false));
        assertThat(resting(A)).containsOnlyKeys(A);
        assertThat(only(Action.Mark.class, handle(skipped(A, 102, before))))
                .as("it was refreshed meanwhile")
                .hasSize(1);
    }

    @Test
    void theWatermarkOfAFrozenViewStaysAndAllOthersAdvance() {
        ViewId c = new ViewId("public", "c");
        know(spec(A), spec(B, A), spec(c));
        handle(routedTo(20));
        handle(new Event.ClaimsFrozen(Map.of(A, "somebody alters what it reads")));
        handle(routedTo(30));
        assertThat(status(A).watermark()).contains(new Lsn(20));
        assertThat(status(B).watermark()).as("stands on a").contains(new Lsn(20));
        assertThat(status(c).watermark()).contains(new Lsn(30));
        assertThat(status(B).reason().orElseThrow().what()).isEqualTo("somebody alters what it reads");
        handle(affected(A, 100));
        RefreshTask task =
                only(Action.Start.class, after(TIMING.targetLag())).getFirst().task();
        assertThat(task.routed()).as("what a refresh claims").contains(new Lsn(20));
        handle(refreshed(A, "101:101:", false));
        assertThat(status(A).watermark()).contains(new Lsn(20));
        handle(new Event.ClaimsFrozen(Map.of()));
        assertThat(status(A).watermark()).contains(new Lsn(30));
        assertThat(status(B).watermark()).contains(new Lsn(30));
        assertThat(status(A).reason()).isEmpty();
    }

    @Test
    void aViewMayBeFrozenBeforeItIsKnown() {
        handle(routedTo(20));
        handle(new Event.ClaimsFrozen(Map.of(A, "somebody alters what it reads")));
        know(spec(A));
        assertThat(status(A).watermark()).as("the ledger's").contains(new Lsn(10));
        handle(affected(A, 100));
        assertThat(only(Action.Start.class, after(TIMING.targetLag()))
                        .getFirst()
                        .task()
                        .routed())
                .contains(new Lsn(10));
    }

    private static Event routedTo(long position) {
        return new Event.RoutedTo(new Lsn(position), Snapshot.parse("100:100:"));
    }

    private Map<ViewId, Long> resting(ViewId... asked) {
        return scheduler.resting(Stream.of(asked)
                .map(view -> new Impact(view, Xids.of(new Xid(100)), now.wall()))
                .toList());
    }

    private Event skipped(ViewId view, long xid, Map<ViewId, Long> resting) {
        return new Event.Affected(
                List.of(),
                List.of(new Event.Skipped(
                        new Impact(view, Xids.of(new Xid(xid)), now.wall()), resting.getOrDefault(view, -1L))));
    }

    private static ViewSpec spec(ViewId view, ViewId... upstream) {
        return new ViewSpec(view, 1, TIMING, Method.CONCURRENT, Set.of(upstream), Optional.empty(), Optional.empty());
    }

    /** Clean, refreshed with a snapshot that sees everything below 100. */
    private void know(ViewSpec... specs) {
        Map<ViewId, LedgerEntry> entries = new HashMap<>();
        for (ViewSpec spec : specs) {
            entries.put(
                    spec.view(),
                    new LedgerEntry(
                            spec.view(),
                            false,
                            Optional.empty(),
                            Optional.of(new Lsn(10)),
                            Optional.of(Snapshot.parse("100:100:")),
                            Optional.of(now.wall()),
                            Optional.of(Duration.ofMillis(200)),
                            0,
                            false,
                            Optional.empty(),
                            Optional.empty()));
        }
        handle(new Event.ViewsKnown(List.of(specs), entries, Set.of()));
    }

    private List<Action> handle(Event event) {
        return scheduler.handle(event, now);
    }

    private List<Action> after(Duration duration) {
        now = now.plus(duration);
        return handle(new Event.Tick());
    }

    private Event affected(ViewId view, long... xids) {
        return new Event.Affected(List.of(new Impact(view, Xids.of(LongStream.of(xids)), now.wall())));
    }

    private static Event refreshed(ViewId view, String snapshot, boolean downstreamMarked) {
        return new Event.RefreshEnded(
                view,
                new RefreshOutcome.Refreshed(
                        Snapshot.parse(snapshot),
                        Duration.ofMillis(200),
                        Optional.empty(),
                        downstreamMarked,
                        Instant.EPOCH));
    }

    private static Event failed(ViewId view, Failure.Kind kind) {
        return new Event.RefreshEnded(
                view,
                new RefreshOutcome.Failed(
                        new Failure(kind, "55000", "no index", Remedy.sql("CREATE INDEX")), Duration.ZERO));
    }

    private static <T extends Action> List<T> only(Class<T> kind, List<Action> actions) {
        return actions.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private static RefreshTask started(List<Action> actions) {
        List<Action.Start> starts = only(Action.Start.class, actions);
        assertThat(starts).hasSize(1);
        return starts.getFirst().task();
    }

    private ViewStatus status(ViewId view) {
        return scheduler.status().stream()
                .filter(s -> s.view().equals(view))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void startsNothingWhileHeldAndWhatIsDueOnceReleased() {
        know(spec(A));
        handle(new Event.Held());
        handle(affected(A, 150));
        assertThat(after(Duration.ofSeconds(5))).noneMatch(Action.Start.class::isInstance);
        assertThat(handle(new Event.Released()))
                .filteredOn(Action.Start.class::isInstance)
                .hasSize(1);
    }

    @Test
    void startsWhenTheQuietPeriodIsOver() {
        know(spec(A));
        handle(affected(A, 100));
        assertThat(only(Action.Start.class, after(Duration.ofMillis(60)))).isEmpty();
        handle(affected(A, 101));
        assertThat(only(Action.Start.class, after(Duration.ofMillis(99)))).isEmpty();
        RefreshTask task = started(after(Duration.ofMillis(1)));
        assertThat(task.awaited()).isEqualTo(Xids.of(LongStream.of(100, 101)));
    }

    @Test
    void startsInTimeForTheTargetLagAlthoughTheBurstGoesOn() {
        know(spec(A));
        long first = now.nanos();
        handle(affected(A, 100));
        int xid = 101;
        while (only(Action.Start.class, after(Duration.ofMillis(50))).isEmpty()) {
            handle(affected(A, xid++));
        }
        assertThat(now.nanosSince(first)).isEqualTo(Duration.ofMillis(800).toNanos());
    }

    @Test
    void asksForAMarkUntilOneIsDurable() {
        know(spec(A));
        Action.Mark first = only(Action.Mark.class, handle(affected(A, 100))).getFirst();
        Action.Mark again = only(Action.Mark.class, handle(affected(A, 100))).getFirst();
        assertThat(again.number()).isGreaterThan(first.number());
        handle(new Event.Marked(again.number(), Set.of(A)));
        assertThat(only(Action.Mark.class, handle(affected(A, 101)))).isEmpty();
        assertThat(started(after(Duration.ofMillis(100))).covers()).isEqualTo(again.number());
        assertThat(only(Action.Mark.class, handle(affected(A, 102))))
                .as("beyond the mark that the refresh covers")
                .hasSize(1);
    }

    @Test
    void aViewOfWhichNothingCanBeClaimedIsUntrackedAndNotFresh() {
        Obstacle clock = new Obstacle("reads the clock", Remedy.NONE);
        know(new ViewSpec(A, 1, TIMING, Method.CONCURRENT, Set.of(), Optional.empty(), Optional.of(clock)), spec(B, A));
        assertThat(List.of(status(A), status(B))).allSatisfy(status -> {
            assertThat(status.watermark()).isEmpty();
            assertThat(status.phase()).isEqualTo(ViewPhase.UNTRACKED);
            assertThat(status.reason()).contains(clock);
        });
        handle(affected(A, 100));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.DIRTY);
    }

    @Test
    void aTransactionInManyBatchesCostsOneRefresh() {
        know(spec(A));
        handle(affected(A, 100));
        after(Duration.ofMillis(100));
        Action.Mark mark = only(Action.Mark.class, handle(affected(A, 100))).getFirst();
        handle(new Event.RoutedTo(new Lsn(20), Snapshot.parse("101:101:")));
        List<Action> end = handle(refreshed(A, "101:101:", false));
        assertThat(only(Action.Settle.class, end))
                .containsExactly(new Action.Settle(A, 1, mark.number(), Optional.of(new Lsn(20))));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.FRESH);
        assertThat(handle(affected(A, 100)))
                .containsExactly(new Action.Tell(new Notice.RefreshAvoided(A, Notice.Avoided.COALESCED)));
    }

    @Test
    void keepsAChangeThatTheRouterSawButTheRunningRefreshDidNot() {
        know(spec(A));
        handle(affected(A, 100));
        after(Duration.ofMillis(100));
        handle(affected(A, 105));
        handle(new Event.RoutedTo(new Lsn(20), Snapshot.parse("106:106:")));
        assertThat(only(Action.Settle.class, handle(refreshed(A, "101:101:", false))))
                .isEmpty();
        assertThat(status(A).phase()).isEqualTo(ViewPhase.DIRTY);
    }

    @Test
    void refreshesDownstreamAfterUpstreamAndOnlyIfThatChanged() {
        know(spec(A), spec(B, A));
        handle(affected(A, 100));
        RefreshTask task = started(after(Duration.ofMillis(100)));
        assertThat(task.downstream()).containsExactly(B);
        assertThat(status(B).oldestMissing()).isEqualTo(task.oldestCommit());
        RefreshTask next = started(handle(refreshed(A, "101:101:", true)));
        assertThat(next.view()).isEqualTo(B);
        assertThat(next.covers()).isEqualTo(task.downstreamMark());
        handle(refreshed(B, "101:101:", false));
        handle(affected(A, 102));
        after(Duration.ofMillis(100));
        assertThat(only(Action.Start.class, handle(refreshed(A, "103:103:", false))))
                .isEmpty();
    }

    @Test
    void suspendsWithTheRemedyAndBlocksDownstream() {
        know(spec(A), spec(B, A));
        handle(affected(A, 100));
        handle(affected(B, 100));
        after(Duration.ofMillis(100));
        List<Action> end = handle(failed(A, Failure.Kind.PERMANENT));
        assertThat(only(Action.Remember.class, end))
                .containsExactly(new Action.Remember(
                        A,
                        1,
                        false,
                        Optional.empty(),
                        Optional.of(new Obstacle("no index", Remedy.sql("CREATE INDEX")))));
        assertThat(status(B).phase()).isEqualTo(ViewPhase.BLOCKED);
        assertThat(scheduler.nextDeadline()).isEmpty();
        assertThat(started(handle(new Event.ResumeRequested(A))).view()).isEqualTo(A);
    }

    @Test
    void backsOffLongerEachTimeThenSuspends() {
        know(spec(A));
        handle(affected(A, 100));
        after(Duration.ofMillis(100));
        long previous = 0;
        for (int i = 1; i < 5; i++) {
            handle(failed(A, Failure.Kind.TRANSIENT));
            assertThat(status(A).phase()).isEqualTo(ViewPhase.BACKING_OFF);
            long pause = scheduler.nextDeadline().orElseThrow() - now.nanos();
            assertThat(pause).isGreaterThanOrEqualTo(previous / 2);
            previous = pause;
            started(after(Duration.ofNanos(pause)));
        }
        handle(failed(A, Failure.Kind.TRANSIENT));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.SUSPENDED);
    }

    private static Event failed(ViewId view, String sqlState, Failure.Kind kind) {
        return new Event.RefreshEnded(
                view,
                new RefreshOutcome.Failed(new Failure(kind, sqlState, "no", Remedy.text("fix it")), Duration.ZERO));
    }

    private void suspendByData(ViewId view) {
        handle(affected(view, 100));
        after(Duration.ofMillis(100));
        for (int i = 1; i <= 5; i++) {
            handle(failed(view, "22P02", Failure.Kind.TRANSIENT));
            if (i < 5) {
                started(after(Duration.ofNanos(scheduler.nextDeadline().orElseThrow() - now.nanos())));
            }
        }
        assertThat(status(view).phase()).isEqualTo(ViewPhase.SUSPENDED);
    }

    @Test
    void aSuspensionBecauseOfDataIsRetriedByItself() {
        know(spec(A), spec(B, A));
        suspendByData(A);
        handle(affected(B, 100));
        assertThat(status(B).phase()).isEqualTo(ViewPhase.BLOCKED);
        for (int i = 0; i < 8; i++) {
            long wait = scheduler.nextDeadline().orElseThrow() - now.nanos();
            assertThat(wait).isLessThanOrEqualTo(Duration.ofMinutes(5).toNanos());
            List<Action> begun = after(Duration.ofNanos(wait));
            started(begun);
            assertThat(phaseChanges(begun)).as("no to and fro").isEmpty();
            assertThat(phaseChanges(handle(failed(A, "22P02", Failure.Kind.TRANSIENT))))
                    .isEmpty();
        }
        after(Duration.ofNanos(scheduler.nextDeadline().orElseThrow() - now.nanos()));
        List<Action> end = handle(refreshed(A, "200:200:", false));
        assertThat(only(Action.Remember.class, end))
                .containsExactly(new Action.Remember(A, 0, false, Optional.empty(), Optional.empty()));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.FRESH);
        assertThat(started(end).view()).as("no longer blocked").isEqualTo(B);
    }

    @Test
    void aChangeOfASourceEndsTheWaitAfterAnErrorOfData() {
        know(spec(A));
        suspendByData(A);
        after(Duration.ofSeconds(5));
        handle(affected(A, 101));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.SUSPENDED);
        started(after(TIMING.quietPeriod()));
        handle(affected(A, 102));
        handle(failed(A, "22P02", Failure.Kind.TRANSIENT));
        assertThat(only(Action.Start.class, after(TIMING.quietPeriod())))
                .as("no more often than a healthy view")
                .isEmpty();
        started(after(TIMING.targetLag().minus(TIMING.quietPeriod())));
    }

    @Test
    void aChangeEndsNoWaitAfterAnotherError() {
        know(spec(A));
        handle(affected(A, 100));
        after(Duration.ofMillis(100));
        handle(failed(A, "55P03", Failure.Kind.TRANSIENT));
        long retry = scheduler.nextDeadline().orElseThrow();
        handle(affected(A, 101));
        assertThat(scheduler.nextDeadline()).hasValue(retry);
    }

    @Test
    void aMissingPrivilegeIsTriedAgainWhenTheCatalogWasRead() {
        know(spec(A));
        handle(affected(A, 100));
        after(Duration.ofMillis(100));
        handle(failed(A, "42501", Failure.Kind.PERMANENT));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.SUSPENDED);
        for (int i = 0; i < 10; i++) {
            started(after(Duration.ofNanos(scheduler.nextDeadline().orElseThrow() - now.nanos())));
            handle(failed(A, "42501", Failure.Kind.PERMANENT));
        }
        after(Duration.ofSeconds(10));
        assertThat(started(handle(new Event.ViewsKnown(List.of(spec(A)), Map.of(), Set.of())))
                        .view())
                .isEqualTo(A);
    }

    @Test
    void anOutageEndsNoSuspension() {
        know(spec(A));
        suspendByData(A);
        started(after(Duration.ofNanos(scheduler.nextDeadline().orElseThrow() - now.nanos())));
        List<Action> end = handle(failed(A, "08006", Failure.Kind.TRANSIENT));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.SUSPENDED);
        assertThat(only(Action.Remember.class, end))
                .allMatch(remember -> remember.suspended().isPresent());
    }

    @Test
    void aSuspensionFromBeforeTheStartIsTriedOnce() {
        handle(new Event.ViewsKnown(
                List.of(spec(A)),
                Map.of(
                        A,
                        new LedgerEntry(
                                A,
                                true,
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.of(now.wall()),
                                Optional.empty(),
                                5,
                                false,
                                Optional.empty(),
                                Optional.of(new Obstacle("broken", Remedy.text("fix it"))))),
                Set.of()));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.SUSPENDED);
        handle(failed(A, Failure.Kind.PERMANENT));
        assertThat(scheduler.nextDeadline()).isEmpty();
    }

    /** A source that is not in the log is refreshed by the clock, also while a view upstream is suspended. */
    @Test
    void aBlockedViewStaysBlockedWhileTheClockRefreshesIt() {
        Timing byTheClock = new Timing(TIMING.quietPeriod(), TIMING.targetLag(), Optional.of(Duration.ofSeconds(30)));
        know(
                spec(A),
                new ViewSpec(
                        B,
                        1,
                        byTheClock,
                        Method.CONCURRENT,
                        Set.of(A),
                        Optional.empty(),
                        Optional.of(new Obstacle("reads a foreign table", Remedy.NONE))));
        handle(affected(A, 100));
        after(Duration.ofMillis(100));
        handle(failed(A, Failure.Kind.PERMANENT));
        assertThat(status(B).phase()).isEqualTo(ViewPhase.BLOCKED);
        for (int i = 0; i < 3; i++) {
            List<Action> begun = after(Duration.ofSeconds(30));
            assertThat(started(begun).view()).isEqualTo(B);
            assertThat(phaseChanges(begun)).isEmpty();
            assertThat(phaseChanges(handle(refreshed(B, "101:101:", false)))).isEmpty();
        }
    }

    private static List<Notice> phaseChanges(List<Action> actions) {
        return only(Action.Tell.class, actions).stream()
                .map(Action.Tell::notice)
                .filter(Notice.PhaseChanged.class::isInstance)
                .toList();
    }

    /** Untracked changes are left to the timer. Routed changes do not wait for it, and a look-up does for them. */
    @Test
    void looksUpBetweenRefreshesByMaxStaleness() {
        Timing timing = new Timing(TIMING.quietPeriod(), TIMING.targetLag(), Optional.of(Duration.ofMinutes(1)));
        know(new ViewSpec(A, 1, timing, Method.CONCURRENT, Set.of(), Optional.empty(), Optional.empty()));
        after(Duration.ofSeconds(30));
        handle(affectedWithLookup(A, 100));
        assertThat(started(after(Duration.ofMillis(100))).lookups()).hasSize(1);
        handle(new Event.RefreshEnded(A, new RefreshOutcome.Unchanged(Snapshot.parse("101:101:"))));

        assertThat(after(Duration.ofSeconds(29))).as("not yet due").noneMatch(Action.Start.class::isInstance);
        assertThat(started(after(Duration.ofSeconds(1))).lookups())
                .as("due, although it was looked up since")
                .isEmpty();
        handle(refreshed(A, "101:101:", false));

        after(Duration.ofMillis(59_950));
        handle(affectedWithLookup(A, 101));
        assertThat(started(after(Duration.ofMillis(100))).lookups())
                .as("the timer is due besides")
                .isEmpty();
    }

    @Test
    void aServerThatIsAwaySuspendsNoView() {
        know(spec(A));
        handle(affected(A, 100));
        after(Duration.ofMillis(100));
        for (String state : List.of("08001", "57P01", "57P03", "53300", "53100", "25006", "", "08006")) {
            handle(new Event.RefreshEnded(
                    A,
                    new RefreshOutcome.Failed(
                            new Failure(Failure.Kind.TRANSIENT, state, "away", Remedy.NONE), Duration.ZERO)));
            assertThat(status(A).phase()).isEqualTo(ViewPhase.BACKING_OFF);
            started(after(Duration.ofNanos(scheduler.nextDeadline().orElseThrow() - now.nanos())));
        }
    }

    @Test
    void triesAgainSoonWhenATransactionIsNotVisibleYet() {
        know(spec(A));
        handle(affected(A, 100));
        after(Duration.ofMillis(100));
        handle(new Event.RefreshEnded(A, new RefreshOutcome.NotVisibleYet(new Xid(100))));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.DIRTY);
        assertThat(status(A).reason())
                .hasValueSatisfying(o -> assertThat(o.what()).contains("100"));
        assertThat(only(Action.Remember.class, after(Duration.ofMillis(9)))).isEmpty();
        started(after(Duration.ofMillis(1)));
    }

    /** Otherwise each view in turn would wait for the log in vain, and keep others from being refreshed. */
    @Test
    void looksNothingUpWhileTheLogIsBehind() {
        know(spec(A), spec(B));
        handle(affectedWithLookup(A, 100));
        assertThat(started(after(Duration.ofMillis(100))).lookups()).isNotEmpty();
        handle(new Event.LaterAsked(A, new Lsn(50)));
        handle(affectedWithLookup(B, 101));
        handle(new Event.ReadTo(new Lsn(40)));
        // The look-up gave up waiting for the log, and the view was refreshed instead.
        handle(refreshed(A, "101:101:", false));
        assertThat(started(after(Duration.ofMillis(100))).lookups()).isEmpty();
        handle(refreshed(B, "102:102:", false));
        handle(affectedWithLookup(A, 103));
        handle(new Event.ReadTo(new Lsn(50)));
        assertThat(started(after(Duration.ofMillis(100))).lookups()).isNotEmpty();
    }

    private Event affectedWithLookup(ViewId view, long xid) {
        KeyLookup lookup = new KeyLookup(
                new TableId("public", "t"), List.of(1), List.of("int"), Set.of(List.of(Long.toString(xid))));
        return new Event.Affected(List.of(new Impact(view, Xids.of(new Xid(xid)), now.wall(), List.of(lookup))));
    }

    @Test
    void tellsAMissedTargetLagAndItsCause() {
        know(spec(A));
        Event late = new Event.Affected(
                List.of(new Impact(A, Xids.of(new Xid(100)), now.wall().minusSeconds(3))));
        started(handle(late));
        List<Notice.TargetLagMissed> missed = only(Action.Tell.class, handle(refreshed(A, "101:101:", false))).stream()
                .map(Action.Tell::notice)
                .filter(Notice.TargetLagMissed.class::isInstance)
                .map(Notice.TargetLagMissed.class::cast)
                .toList();
        assertThat(missed)
                .containsExactly(
                        new Notice.TargetLagMissed(A, Duration.ofSeconds(3), Duration.ofSeconds(1), Lateness.CAPTURE));
    }

    /** Through a ladder of forty rungs lead 2^40 ways, and to recurse through seven hundred views takes more than a stack has. */
    @Test
    void aStackCostsNoMoreThanItsViewsHoweverManyWaysLeadThroughIt() {
        List<ViewSpec> specs = new ArrayList<>(List.of(spec(A), spec(B)));
        for (int i = 1; i <= 40; i++) {
            ViewId[] below = {
                specs.get(specs.size() - 2).view(), specs.getLast().view()
            };
            specs.add(spec(new ViewId("public", "left" + i), below));
            specs.add(spec(new ViewId("public", "right" + i), below));
        }
        ViewId top = specs.getLast().view();
        specs.add(spec(new ViewId("public", "link0"), A));
        for (int i = 1; i <= 700; i++) {
            specs.add(spec(new ViewId("public", "link" + i), specs.getLast().view()));
        }
        ViewId end = specs.getLast().view();
        know(specs.toArray(ViewSpec[]::new));
        handle(routedTo(20));
        // Asked once, since the status of all views is what costs here.
        assertThat(statusOf(top, end))
                .allSatisfy(view -> assertThat(view.watermark()).contains(new Lsn(20)));
        handle(affected(A, 100));
        handle(routedTo(30));
        assertThat(statusOf(top, end)).allSatisfy(view -> {
            assertThat(view.watermark()).contains(new Lsn(20));
            assertThat(view.phase()).isEqualTo(ViewPhase.DIRTY);
        });
        handle(new Event.ClaimsFrozen(Map.of(B, "somebody alters what it reads")));
        assertThat(statusOf(top, end))
                .satisfiesExactly(
                        frozen -> assertThat(frozen.reason()).isPresent(),
                        free -> assertThat(free.reason()).isEmpty());
    }

    private List<ViewStatus> statusOf(ViewId first, ViewId second) {
        Map<ViewId, ViewStatus> all =
                scheduler.status().stream().collect(Collectors.toMap(ViewStatus::view, Function.identity()));
        return List.of(Objects.requireNonNull(all.get(first)), Objects.requireNonNull(all.get(second)));
    }
}
