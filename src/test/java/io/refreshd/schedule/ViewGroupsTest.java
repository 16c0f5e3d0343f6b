package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Failure;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.Impact;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Remedy;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Views A and B are refreshed together; READER stands on B, and C is alone. */
class ViewGroupsTest {
    private static final ViewId A = new ViewId("public", "a");
    private static final ViewId B = new ViewId("public", "b");
    private static final ViewId C = new ViewId("public", "c");
    private static final ViewId READER = new ViewId("public", "reader");
    private static final Duration QUIET = Duration.ofMillis(100);
    private static final Timing TIMING = new Timing(QUIET, Duration.ofSeconds(5), Optional.empty());
    private static final Failure PERMANENT =
            new Failure(Failure.Kind.PERMANENT, "42501", "the refresh of public.a failed", Remedy.NONE);

    private final Scheduler scheduler = new Scheduler(SchedulerSettings.withMaxConcurrent(3), 10, new Random(1));
    private Moment now = new Moment(7, Instant.parse("2026-01-01T00:00:00Z"));
    private long xid = 150;

    private List<Action> begin(LedgerEntry... entries) {
        Map<ViewId, LedgerEntry> remembered = new HashMap<>();
        for (ViewId view : List.of(A, B, C, READER)) {
            remembered.put(view, entry(view, false, Optional.empty()));
        }
        Arrays.stream(entries).forEach(entry -> remembered.put(entry.view(), entry));
        return handle(
                new Event.ViewsKnown(List.of(spec(A, B), spec(B, A), spec(C), spec(READER)), remembered, Set.of()));
    }

    private LedgerEntry entry(ViewId view, boolean paused, Optional<Obstacle> suspended) {
        return new LedgerEntry(
                view,
                false,
                Optional.empty(),
                Optional.of(new Lsn(500)),
                Optional.of(Snapshot.parse("100:100:")),
                Optional.of(now.wall()),
                Optional.of(Duration.ofMillis(5)),
                0,
                paused,
                Optional.empty(),
                suspended);
    }

    private static ViewSpec spec(ViewId view, ViewId... together) {
        return new ViewSpec(
                view,
                1,
                TIMING,
                Method.CONCURRENT,
                view.equals(READER) ? Set.of(B) : Set.of(),
                Optional.empty(),
                Optional.empty(),
                "",
                FullRecompute.ALLOW,
                List.of(),
                List.of(),
                Set.of(together),
                0);
    }

    private List<Action> handle(Event event) {
        return scheduler.handle(event, now);
    }

    private List<Action> after(Duration time) {
        now = now.plus(time);
        return handle(new Event.Tick());
    }

    private void change(ViewId view) {
        handle(new Event.Affected(List.of(new Impact(view, Xids.of(new Xid(++xid)), now.wall()))));
    }

    private List<Action> end(ViewId view, RefreshOutcome outcome) {
        return handle(new Event.RefreshEnded(view, outcome));
    }

    private RefreshOutcome refreshed(boolean downstream) {
        Snapshot snapshot = Snapshot.parse((xid + 1) + ":" + (xid + 1) + ":");
        return new RefreshOutcome.Refreshed(snapshot, Duration.ofMillis(5), Optional.of(1L), downstream, now.wall());
    }

    /** The views of each refresh that was started. */
    private static List<List<ViewId>> started(List<Action> actions) {
        List<List<ViewId>> started = new ArrayList<>();
        for (Action action : actions) {
            if (action instanceof Action.Start start) {
                started.add(List.of(start.task().view()));
            } else if (action instanceof Action.StartRound round) {
                started.add(round.tasks().stream().map(RefreshTask::view).toList());
            }
        }
        return started;
    }

    private static List<Action.Remember> remembered(List<Action> actions) {
        return actions.stream()
                .flatMap(action -> action instanceof Action.Remember one ? List.of(one).stream() : null)
                .toList();
    }

    private ViewStatus status(ViewId view) {
        return scheduler.status().stream()
                .filter(shown -> shown.view().equals(view))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void ifOneIsDueAllAreRefreshedAsAWhole() {
        begin();
        change(B);
        change(C);
        List<Action> actions = after(QUIET);
        assertThat(started(actions)).containsExactlyInAnyOrder(List.of(A, B), List.of(C));
        assertThat(actions)
                .filteredOn(Action.StartRound.class::isInstance)
                .allSatisfy(
                        round -> assertThat(((Action.StartRound) round).tasks()).allMatch(RefreshTask::refreshesAll));
    }

    @Test
    void aViewThatStandsOnOneWaitsUntilItIsRefreshedForTheSakeOfAnother() {
        begin();
        change(A);
        after(QUIET);
        change(READER);
        assertThat(started(after(QUIET))).isEmpty();
        assertThat(started(end(A, refreshed(false)))).isEmpty();
        assertThat(started(end(B, refreshed(true)))).containsExactly(List.of(READER));
    }

    @Test
    void noneIsStartedAgainUntilAllHaveEnded() {
        begin();
        change(A);
        after(QUIET);
        RefreshOutcome beforeTheChange = refreshed(false);
        change(B);
        assertThat(started(end(B, beforeTheChange))).isEmpty();
        assertThat(started(after(QUIET))).isEmpty();
        assertThat(started(end(A, beforeTheChange))).containsExactly(List.of(A, B));
    }

    @Test
    void theFailureOfOneDelaysAllAndIsTheReasonOfAll() {
        begin();
        change(B);
        after(QUIET);
        Failure failure = new Failure(Failure.Kind.TRANSIENT, "22012", "the refresh of public.a failed", Remedy.NONE);
        end(B, new RefreshOutcome.FailedTogether(failure));
        end(A, new RefreshOutcome.Failed(failure, Duration.ZERO));
        for (ViewId view : List.of(A, B)) {
            assertThat(status(view).phase()).isEqualTo(ViewPhase.BACKING_OFF);
            assertThat(status(view).failuresInARow()).isEqualTo(1);
            assertThat(status(view).reason().orElseThrow().what()).isEqualTo("the refresh of public.a failed");
        }
        change(B);
        assertThat(started(after(Duration.ofMillis(400)))).isEmpty();
        assertThat(started(after(Duration.ofSeconds(2)))).containsExactly(List.of(A, B));
        end(A, refreshed(false));
        assertThat(remembered(end(B, refreshed(false)))).isEmpty();
        assertThat(status(B).failuresInARow()).isZero();
    }

    @Test
    void theSuspensionOfOneIsThatOfAllAndSoIsItsEnd() {
        begin();
        change(B);
        after(QUIET);
        end(B, new RefreshOutcome.FailedTogether(PERMANENT));
        List<Action> actions = end(A, new RefreshOutcome.Failed(PERMANENT, Duration.ZERO));
        assertThat(remembered(actions)).extracting(Action.Remember::view).containsExactlyInAnyOrder(A, B);
        assertThat(remembered(actions)).allMatch(one -> one.suspended().isPresent());
        assertThat(status(B).phase()).isEqualTo(ViewPhase.SUSPENDED);
        assertThat(status(C).phase()).isEqualTo(ViewPhase.FRESH);

        assertThat(started(handle(new Event.ResumeRequested(B)))).containsExactly(List.of(A, B));
    }

    @Test
    void aViewThatIsGoneFreesTheOthersOfItsFailure() {
        begin();
        change(B);
        after(QUIET);
        end(B, new RefreshOutcome.FailedTogether(PERMANENT));
        end(A, new RefreshOutcome.Failed(PERMANENT, Duration.ZERO));
        assertThat(started(handle(new Event.ViewsKnown(List.of(spec(B), spec(C), spec(READER)), Map.of(), Set.of()))))
                .containsExactly(List.of(B));
    }

    @Test
    void ifOneHasToWaitOrIsGoneTheOthersLoseNothing() {
        begin();
        change(B);
        after(QUIET);
        end(A, new RefreshOutcome.NotVisibleYet(new Xid(151)));
        assertThat(started(end(B, new RefreshOutcome.Deferred()))).isEmpty();
        assertThat(started(after(Duration.ofMillis(20)))).containsExactly(List.of(A, B));
        end(A, new RefreshOutcome.Gone());
        assertThat(started(end(B, new RefreshOutcome.Deferred()))).containsExactly(List.of(B));
    }

    @Test
    void whatIsAskedForOneIsAskedForAll() {
        begin();
        assertThat(remembered(handle(new Event.PauseRequested(A))))
                .extracting(Action.Remember::view)
                .containsExactly(A, B);
        change(B);
        assertThat(started(after(QUIET))).isEmpty();
        assertThat(started(handle(new Event.RefreshRequested(Set.of(A))))).containsExactly(List.of(A, B));
        end(A, refreshed(false));
        end(B, refreshed(false));
        handle(new Event.ResumeRequested(B));
        assertThat(List.of(status(A).phase(), status(B).phase())).containsOnly(ViewPhase.FRESH);
    }

    /** As when the group is new in the configuration. */
    @Test
    void whatHeldOneUpBeforeHoldsAllUp() {
        assertThat(remembered(begin(entry(B, true, Optional.empty()))))
                .extracting(Action.Remember::view)
                .containsExactly(A);
        assertThat(status(A).phase()).isEqualTo(ViewPhase.PAUSED);
    }

    @Test
    void aSuspensionFromBeforeHoldsAllUp() {
        begin(entry(B, false, Optional.of(PERMANENT.asObstacle())));
        assertThat(status(A).phase()).isEqualTo(ViewPhase.SUSPENDED);
    }
}
