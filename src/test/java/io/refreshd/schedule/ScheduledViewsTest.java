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
import io.refreshd.model.RefreshSchedule;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.RefreshWindow;
import io.refreshd.model.Remedy;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Views that wait for their window, and views that are refreshed by a schedule. The window is open in the first six of 24 hours. */
class ScheduledViewsTest {
    private static final ViewId A = new ViewId("public", "a");
    private static final ViewId B = new ViewId("public", "b");
    private static final Optional<RefreshWindow> NIGHT =
            Optional.of(new SimulatedCalendar.Window(Duration.ofHours(24), Duration.ofHours(6)));
    private static final Optional<RefreshSchedule> DAILY =
            Optional.of(new SimulatedCalendar.Schedule(Duration.ofHours(24)));
    private static final Instant MIDNIGHT = Instant.parse("2026-01-02T00:00:00Z");
    private static final Snapshot SEEN = Snapshot.parse("100:100:");

    private final Scheduler scheduler = new Scheduler(SchedulerSettings.withMaxConcurrent(2), 1_000, new Random(1));
    private Moment now = new Moment(Long.MAX_VALUE - 5, Instant.parse("2026-01-01T12:00:00Z"));
    private Instant refreshedAt = now.wall();
    private Optional<Instant> closedUntil = Optional.empty();

    private static Timing timing(Optional<RefreshWindow> window, Optional<RefreshSchedule> schedule) {
        return new Timing(Duration.ofMillis(100), Duration.ofSeconds(1), Optional.empty(), window, schedule);
    }

    private static ViewSpec spec(ViewId view, Timing timing, Method method, ViewId... upstream) {
        return new ViewSpec(
                view,
                1,
                timing,
                method,
                Set.of(upstream),
                Optional.empty(),
                Optional.empty(),
                method == Method.INCREMENTAL ? "1" : "",
                FullRecompute.ALLOW,
                List.of(),
                List.of(),
                Set.of(),
                0);
    }

    /** Clean, last refreshed at {@link #refreshedAt}. */
    private List<Action> know(ViewSpec... specs) {
        Map<ViewId, LedgerEntry> entries = new HashMap<>();
        for (ViewSpec spec : specs) {
            entries.put(
                    spec.view(),
                    new LedgerEntry(
                            spec.view(),
                            false,
                            Optional.empty(),
                            Optional.of(new Lsn(10)),
                            Optional.of(SEEN),
                            Optional.of(refreshedAt),
                            Optional.of(Duration.ofMillis(20)),
                            0,
                            false,
                            closedUntil,
                            Optional.empty()));
        }
        return handle(new Event.ViewsKnown(List.of(specs), entries, Set.of()));
    }

    private List<Action> handle(Event event) {
        return scheduler.handle(event, now);
    }

    private List<Action> change(ViewId view, long xid) {
        KeyLookup lookup = new KeyLookup(new TableId("public", "t"), List.of(1), List.of("int"), Set.of(List.of("1")));
        return handle(
                new Event.Affected(List.of(new Impact(view, Xids.of(new Xid(xid)), now.wall(), List.of(lookup)))));
    }

    private List<Action> refreshed(ViewId view, boolean downstream) {
        return handle(new Event.RefreshEnded(
                view,
                new RefreshOutcome.Refreshed(
                        Snapshot.parse("900:900:"), Duration.ofMillis(20), Optional.empty(), downstream, now.wall())));
    }

    /** Lets time pass as the loop does: no deadline is missed, and none comes too often. @return what happened until then */
    private List<Action> until(Instant time) {
        List<Action> actions = new java.util.ArrayList<>();
        for (int ticks = 0; now.wall().isBefore(time); ticks++) {
            assertThat(ticks).as("ticks").isLessThan(3_000);
            Duration left = Duration.between(now.wall(), time);
            Duration next = scheduler.nextDeadline().isEmpty()
                    ? left
                    : Duration.ofNanos(scheduler.nextDeadline().getAsLong() - now.nanos());
            now = now.plus(next.compareTo(left) < 0 ? next : left);
            actions.addAll(handle(new Event.Tick()));
        }
        return actions;
    }

    private static List<RefreshTask> started(List<Action> actions) {
        return actions.stream()
                .filter(Action.Start.class::isInstance)
                .map(action -> ((Action.Start) action).task())
                .toList();
    }

    private static List<Optional<Instant>> closings(List<Action> actions) {
        return actions.stream()
                .filter(Action.Remember.class::isInstance)
                .map(action -> ((Action.Remember) action).closedUntil())
                .toList();
    }

    private ViewStatus status(ViewId view) {
        return scheduler.status().stream()
                .filter(one -> one.view().equals(view))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void waitsForItsWindowAndStartsWhenItOpens() {
        know(spec(A, timing(NIGHT, Optional.empty()), Method.CONCURRENT));
        change(A, 150);
        assertThat(status(A).phase()).isEqualTo(ViewPhase.WAITING);
        assertThat(status(A).reason().orElseThrow().what()).isEqualTo("waits for its window until 2026-01-02 00:00 Z");
        assertThat(started(until(MIDNIGHT.minusNanos(1)))).isEmpty();
        assertThat(started(until(MIDNIGHT))).hasSize(1);
        assertThat(status(A).phase()).isEqualTo(ViewPhase.REFRESHING);
        now = now.plus(Duration.ofMillis(20));
        assertThat(refreshed(A, false))
                .as("it waited by order: no target lag was missed")
                .noneMatch(action -> action instanceof Action.Tell(Notice.TargetLagMissed missed));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.FRESH);
    }

    @Test
    void withinTheWindowTheTargetLagHoldsAsUsual() {
        know(spec(A, timing(NIGHT, Optional.empty()), Method.CONCURRENT));
        until(MIDNIGHT.plusSeconds(60));
        change(A, 150);
        assertThat(started(until(now.wall().plusMillis(100)))).hasSize(1);
        now = now.plus(Duration.ofSeconds(3));
        assertThat(refreshed(A, false))
                .anyMatch(action -> action instanceof Action.Tell(Notice.TargetLagMissed missed));
    }

    @Test
    void aRefreshThatRunsWhenTheWindowClosesGoesOnAndTheNextOneWaits() {
        know(spec(A, timing(NIGHT, Optional.empty()), Method.CONCURRENT));
        until(MIDNIGHT.plus(Duration.ofHours(6)).minusSeconds(1));
        change(A, 150);
        assertThat(started(until(now.wall().plusMillis(500)))).hasSize(1);
        until(now.wall().plusSeconds(5));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.REFRESHING);
        change(A, 950);
        refreshed(A, false);
        assertThat(status(A).phase()).isEqualTo(ViewPhase.WAITING);
        assertThat(started(until(MIDNIGHT.plus(Duration.ofHours(24)).minusSeconds(1))))
                .isEmpty();
    }

    /** Whether anything changed or not: readers ask the ledger before they ask for a refresh. */
    @Test
    void theLedgerIsToldWhenTheWindowOpensAndCloses() {
        List<Action> first = know(spec(A, timing(NIGHT, Optional.empty()), Method.CONCURRENT));
        assertThat(closings(first)).containsExactly(Optional.of(MIDNIGHT));
        assertThat(closings(until(MIDNIGHT.plus(Duration.ofHours(7)))))
                .containsExactly(Optional.empty(), Optional.of(MIDNIGHT.plus(Duration.ofHours(24))));
    }

    @Test
    void aWindowThatWasTakenOutOfTheConfigurationIsOverInTheLedgerToo() {
        closedUntil = Optional.of(MIDNIGHT);
        assertThat(closings(know(spec(A, timing(Optional.empty(), Optional.empty()), Method.CONCURRENT))))
                .containsExactly(Optional.empty());
    }

    @Test
    void anOperatorDoesNotWaitForTheWindow() {
        know(spec(A, timing(NIGHT, Optional.empty()), Method.CONCURRENT));
        change(A, 150);
        assertThat(started(handle(new Event.Expedited(Set.of(1L)))))
                .as("a reader does")
                .isEmpty();
        assertThat(started(handle(new Event.RefreshRequested(Set.of(A))))).hasSize(1);
        until(now.wall().plusSeconds(5));
        assertThat(refreshed(A, false))
                .noneMatch(action -> action instanceof Action.Tell(Notice.TargetLagMissed missed));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.FRESH);
    }

    @Test
    void whatStandsOnAViewThatWaitsIsRefreshedForItsOwnChangesAndWaitsForTheRest() {
        Timing always = timing(Optional.empty(), Optional.empty());
        know(spec(A, timing(NIGHT, Optional.empty()), Method.CONCURRENT), spec(B, always, Method.CONCURRENT, A));
        change(A, 150);
        assertThat(status(B).phase()).isEqualTo(ViewPhase.WAITING);
        assertThat(status(B).reason().orElseThrow().what())
                .isEqualTo("stands on public.a, which waits for its window until 2026-01-02 00:00 Z");
        change(B, 151);
        assertThat(status(B).phase()).isEqualTo(ViewPhase.DIRTY);
        assertThat(started(until(now.wall().plusMillis(200))))
                .extracting(RefreshTask::view)
                .containsExactly(B);
        refreshed(B, false);
        assertThat(status(B).phase()).isEqualTo(ViewPhase.WAITING);
        assertThat(started(until(MIDNIGHT))).extracting(RefreshTask::view).containsExactly(A);
        assertThat(started(refreshed(A, true))).extracting(RefreshTask::view).containsExactly(B);
    }

    @Test
    void noLogIsKeptForAnIncrementalViewThatWaits() {
        know(spec(A, timing(NIGHT, Optional.empty()), Method.INCREMENTAL));
        handle(new Event.RoutedTo(new Lsn(600), Lsn.ZERO, SEEN));
        handle(new Event.StreamBegan(new Lsn(600)));
        change(A, 150);
        assertThat(scheduler.logNeededFrom(now)).isEmpty();
        until(MIDNIGHT.minusSeconds(1));
        RefreshTask task = started(until(MIDNIGHT)).getFirst();
        assertThat(task.refreshesAll()).as("its rows are known").isFalse();
        assertThat(scheduler.logNeededFrom(now)).as("too old to be kept").isEmpty();
        refreshed(A, false);
        change(A, 950);
        assertThat(scheduler.logNeededFrom(now)).as("while the window is open").isPresent();
    }

    @Test
    void aClockThatIsSetIsNoticedWithinAMinute() {
        know(spec(A, timing(NIGHT, Optional.empty()), Method.CONCURRENT));
        change(A, 150);
        now = new Moment(now.nanos(), MIDNIGHT.plusSeconds(1));
        assertThat(started(until(now.wall().plusSeconds(60)))).hasSize(1);
        refreshed(A, false);
        change(A, 950);
        now = new Moment(now.nanos(), MIDNIGHT.plus(Duration.ofHours(7)));
        assertThat(started(until(now.wall().plusSeconds(60)))).isEmpty();
        assertThat(status(A).phase()).isEqualTo(ViewPhase.WAITING);
    }

    @Test
    void aWindowOfANewConfigurationHoldsAtOnce() {
        Timing always = timing(Optional.empty(), Optional.empty());
        know(spec(A, always, Method.CONCURRENT));
        change(A, 150);
        know(spec(A, timing(NIGHT, Optional.empty()), Method.CONCURRENT));
        assertThat(started(until(now.wall().plusSeconds(5)))).isEmpty();
        assertThat(started(know(spec(A, always, Method.CONCURRENT)))).hasSize(1);
    }

    @Test
    void aScheduleRefreshesWhatDidNotChange() {
        know(spec(A, timing(Optional.empty(), DAILY), Method.CONCURRENT));
        assertThat(started(until(MIDNIGHT.minusNanos(1)))).isEmpty();
        assertThat(started(until(MIDNIGHT))).hasSize(1);
        now = now.plus(Duration.ofMillis(20));
        refreshed(A, false);
        assertThat(started(until(MIDNIGHT.plus(Duration.ofHours(24)).minusNanos(1))))
                .isEmpty();
        assertThat(started(until(MIDNIGHT.plus(Duration.ofHours(24))))).hasSize(1);
    }

    @Test
    void timesThatPassedWhileTheDaemonWasDownCostOneRefresh() {
        refreshedAt = now.wall().minus(Duration.ofDays(5));
        assertThat(started(know(spec(A, timing(Optional.empty(), DAILY), Method.CONCURRENT))))
                .hasSize(1);
        refreshed(A, false);
        assertThat(started(until(MIDNIGHT.minusNanos(1)))).isEmpty();
    }

    @Test
    void aScheduledRefreshThatFailsIsTriedAgain() {
        know(spec(A, timing(Optional.empty(), DAILY), Method.CONCURRENT));
        assertThat(started(until(MIDNIGHT))).hasSize(1);
        handle(new Event.RefreshEnded(
                A,
                new RefreshOutcome.Failed(
                        new Failure(Failure.Kind.TRANSIENT, "40001", "it failed", Remedy.NONE), Duration.ZERO)));
        assertThat(started(until(MIDNIGHT.plusSeconds(10)))).hasSize(1);
    }

    @Test
    void aScheduledRefreshWaitsForTheWindow() {
        Optional<RefreshSchedule> hourly = Optional.of(new SimulatedCalendar.Schedule(Duration.ofHours(1)));
        know(spec(A, timing(NIGHT, hourly), Method.CONCURRENT));
        assertThat(started(until(MIDNIGHT.minusNanos(1)))).isEmpty();
        assertThat(started(until(MIDNIGHT))).as("one for twelve times").hasSize(1);
    }

    @Test
    void anIncrementalViewIsRecomputedAsAWholeByItsSchedule() {
        know(spec(A, timing(Optional.empty(), DAILY), Method.INCREMENTAL));
        handle(new Event.RoutedTo(new Lsn(600), Lsn.ZERO, SEEN));
        handle(new Event.StreamBegan(new Lsn(600)));
        change(A, 150);
        RefreshTask byLog = started(until(now.wall().plusMillis(200))).getFirst();
        assertThat(byLog.refreshesAll()).isFalse();
        refreshed(A, false);
        assertThat(started(until(MIDNIGHT)).getFirst().basis().everything()).isEqualTo("its schedule asks for it");
    }

    @Test
    void aClockThatIsSetBackDoesNotHoldUpTheSchedule() {
        refreshedAt = now.wall().plus(Duration.ofDays(365));
        know(spec(A, timing(Optional.empty(), DAILY), Method.CONCURRENT));
        assertThat(started(until(MIDNIGHT))).hasSize(1);
    }
}
