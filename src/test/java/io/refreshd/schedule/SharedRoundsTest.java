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
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which incremental views are brought up to date in one round. */
class SharedRoundsTest {
    private static final ViewId A = new ViewId("public", "a");
    private static final ViewId B = new ViewId("public", "b");
    private static final ViewId C = new ViewId("public", "c");
    private static final ViewId SLOW = new ViewId("public", "slow");
    private static final Snapshot SEEN = Snapshot.parse("100:100:");
    private static final Duration QUIET = Duration.ofMillis(20);

    private final Scheduler scheduler = new Scheduler(SchedulerSettings.withMaxConcurrent(3), 10, new Random(1));
    private Moment now = new Moment(7, Instant.parse("2026-01-01T00:00:00Z"));
    private long xid = 150;

    SharedRoundsTest() {
        List<ViewSpec> specs = new ArrayList<>();
        Map<ViewId, LedgerEntry> entries = new HashMap<>();
        Map.of(A, QUIET, B, QUIET, C, QUIET, SLOW, Duration.ofSeconds(1)).forEach((view, quiet) -> {
            specs.add(new ViewSpec(
                    view,
                    1,
                    new Timing(quiet, Duration.ofSeconds(5), Optional.empty()),
                    Method.INCREMENTAL,
                    Set.of(),
                    Optional.empty(),
                    Optional.empty(),
                    "1",
                    FullRecompute.ALLOW,
                    List.of(),
                    List.of(),
                    Set.of(),
                    0));
            entries.put(
                    view,
                    new LedgerEntry(
                            view,
                            false,
                            Optional.empty(),
                            Optional.of(new Lsn(500)),
                            Optional.of(SEEN),
                            Optional.of(now.wall()),
                            Optional.of(Duration.ofMillis(5)),
                            0,
                            false,
                            Optional.empty(),
                            Optional.empty()));
        });
        handle(new Event.ViewsKnown(specs, entries, Set.of()));
    }

    private List<Action> handle(Event event) {
        return scheduler.handle(event, now);
    }

    private List<Action> after(Duration time) {
        now = now.plus(time);
        return handle(new Event.Tick());
    }

    private List<Action> change(ViewId... views) {
        KeyLookup lookup = new KeyLookup(new TableId("public", "t"), List.of(1), List.of("int"), Set.of(List.of("1")));
        xid++;
        return handle(new Event.Affected(List.of(views).stream()
                .map(view -> new Impact(view, Xids.of(new Xid(xid)), now.wall(), List.of(lookup)))
                .toList()));
    }

    private List<Action> changeOfUnknownRows(ViewId view) {
        return handle(new Event.Affected(List.of(new Impact(view, Xids.of(new Xid(++xid)), now.wall()))));
    }

    private List<Action> ended(ViewId view) {
        Snapshot snapshot = Snapshot.parse((xid + 1) + ":" + (xid + 1) + ":");
        return handle(new Event.RefreshEnded(
                view,
                new RefreshOutcome.Refreshed(snapshot, Duration.ofMillis(5), Optional.of(1L), false, now.wall())));
    }

    /** The views of each job that was started. */
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

    @Test
    void whatIsDueIsBroughtUpToDateTogether() {
        change(A, B);
        assertThat(started(after(QUIET))).containsExactly(List.of(A, B));
    }

    @Test
    void whatIsDueInAMomentIsTakenAlongAndWhatIsDueLaterIsNot() {
        change(A, SLOW);
        after(Duration.ofMillis(10));
        change(B);
        assertThat(started(after(Duration.ofMillis(10)))).containsExactly(List.of(A, B));
    }

    /** The configuration names B and SLOW together: what is pending for SLOW does not wait for its quiet period. */
    @Test
    void whatIsToBeRefreshedTogetherIsTakenAlong() {
        List<ViewSpec> specs = new ArrayList<>();
        for (ViewId view : List.of(A, B, C, SLOW)) {
            specs.add(new ViewSpec(
                    view,
                    1,
                    new Timing(
                            view.equals(SLOW) ? Duration.ofSeconds(1) : QUIET, Duration.ofSeconds(5), Optional.empty()),
                    Method.INCREMENTAL,
                    Set.of(),
                    Optional.empty(),
                    Optional.empty(),
                    "1",
                    FullRecompute.ALLOW,
                    List.of(),
                    List.of(),
                    view.equals(B) ? Set.of(SLOW) : view.equals(SLOW) ? Set.of(B) : Set.of(),
                    0));
        }
        handle(new Event.ViewsKnown(specs, Map.of(), Set.of()));
        change(A, B, SLOW);
        assertThat(started(after(QUIET))).containsExactly(List.of(A, B, SLOW));
    }

    @Test
    void aViewThatIsRecomputedAsAWholeHasARoundOfItsOwn() {
        change(A, B);
        changeOfUnknownRows(SLOW);
        assertThat(started(after(Duration.ofSeconds(1)))).containsExactlyInAnyOrder(List.of(A, B), List.of(SLOW));
    }

    @Test
    void oneRoundRunsAtATimeAndWhatFallsDueMeanwhileGoesTogether() {
        change(A, B);
        after(QUIET);
        change(C, SLOW);
        assertThat(started(after(Duration.ofMillis(950)))).isEmpty();
        assertThat(started(ended(A))).isEmpty();
        assertThat(started(ended(B))).containsExactly(List.of(C, SLOW));
    }

    @Test
    void nobodyWaitsForASlowRoundForLongerThanASecond() {
        change(A, B);
        after(QUIET);
        change(C);
        assertThat(started(after(Duration.ofMillis(999)))).isEmpty();
        assertThat(started(after(Duration.ofMillis(1)))).containsExactly(List.of(C));
    }

    @Test
    void aViewThatHasFailedIsTriedByItself() {
        change(A, B);
        after(QUIET);
        handle(new Event.RefreshEnded(
                A,
                new RefreshOutcome.Failed(
                        new Failure(Failure.Kind.TRANSIENT, "55P03", "locked", Remedy.NONE), Duration.ZERO)));
        ended(B);
        change(B, SLOW);
        assertThat(started(after(Duration.ofSeconds(2)))).containsExactlyInAnyOrder(List.of(A), List.of(B, SLOW));
    }

    @Test
    void aViewThatIsTakenOutIsRecomputedByItselfWithTheReason() {
        change(A, B);
        after(QUIET);
        List<Action> actions = handle(new Event.RefreshEnded(A, new RefreshOutcome.NeedsAllRows("too many keys")));
        ended(B);
        assertThat(started(actions)).containsExactly(List.of(A));
        assertThat(actions)
                .filteredOn(Action.Start.class::isInstance)
                .singleElement()
                .isInstanceOfSatisfying(
                        Action.Start.class,
                        start -> assertThat(start.task().basis().everything()).isEqualTo("too many keys"));
    }
}
