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
import io.refreshd.model.UpstreamRows;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Rounds of incremental views that read each other: {@code top} reads {@code low}, and has a longer quiet period. */
class StackedRoundsTest {
    private static final ViewId LOW = new ViewId("public", "low");
    private static final ViewId TOP = new ViewId("public", "top");
    /** A materialized view. */
    private static final ViewId REPORT = new ViewId("public", "report");

    private static final KeyLookup ROW =
            new KeyLookup(new TableId("public", "t"), List.of(1), List.of("int"), Set.of());
    private static final UpstreamRows STACK =
            new UpstreamRows(LOW, 1, List.of(new UpstreamRows.Path(List.of(1), ROW)), "");
    private static final Duration QUIET = Duration.ofMillis(20);

    private final Scheduler scheduler = new Scheduler(SchedulerSettings.withMaxConcurrent(3), 10, new Random(1));
    private Moment now = new Moment(7, Instant.parse("2026-01-01T00:00:00Z"));
    private long xid = 150;

    StackedRoundsTest() {
        know(List.of());
    }

    private void know(List<ViewSpec> more) {
        List<ViewSpec> specs = new ArrayList<>(more);
        specs.addAll(List.of(
                spec(LOW, 1, QUIET, Set.of(), List.of()),
                spec(TOP, 2, Duration.ofMinutes(1), Set.of(LOW), List.of(STACK)),
                new ViewSpec(
                        REPORT,
                        3,
                        new Timing(QUIET, Duration.ofMinutes(5), Optional.empty()),
                        Method.CONCURRENT,
                        Set.of(TOP),
                        Optional.empty(),
                        Optional.empty())));
        Map<ViewId, LedgerEntry> entries = specs.stream()
                .map(ViewSpec::view)
                .collect(Collectors.toMap(
                        view -> view,
                        view -> new LedgerEntry(
                                view,
                                false,
                                Optional.empty(),
                                Optional.of(new Lsn(500)),
                                Optional.of(Snapshot.parse("100:100:")),
                                Optional.of(now.wall()),
                                Optional.of(Duration.ofMillis(5)),
                                0,
                                false,
                                Optional.empty(),
                                Optional.empty())));
        scheduler.handle(new Event.ViewsKnown(specs, entries, Set.of()), now);
    }

    private static ViewSpec spec(
            ViewId view, long oid, Duration quiet, Set<ViewId> upstream, List<UpstreamRows> stack) {
        return new ViewSpec(
                view,
                oid,
                new Timing(quiet, Duration.ofMinutes(5), Optional.empty()),
                Method.INCREMENTAL,
                upstream,
                Optional.empty(),
                Optional.empty(),
                "1",
                FullRecompute.ALLOW,
                List.of(),
                stack,
                Set.of(),
                0);
    }

    private List<RefreshTask> after(Duration time) {
        now = now.plus(time);
        return tasks(scheduler.handle(new Event.Tick(), now));
    }

    private void change(ViewId view) {
        xid++;
        KeyLookup lookup = ROW.withKeys(Set.of(List.of("1")));
        scheduler.handle(
                new Event.Affected(List.of(new Impact(view, Xids.of(new Xid(xid)), now.wall(), List.of(lookup)))), now);
    }

    private List<RefreshTask> ended(ViewId view, boolean marked, Set<ViewId> carried) {
        return ended(
                view,
                new RefreshOutcome.Refreshed(
                        Snapshot.parse((xid + 1) + ":" + (xid + 1) + ":"),
                        Duration.ofMillis(5),
                        Optional.of(1L),
                        marked,
                        now.wall(),
                        Optional.empty(),
                        carried));
    }

    private List<RefreshTask> ended(ViewId view, RefreshOutcome outcome) {
        return tasks(scheduler.handle(new Event.RefreshEnded(view, outcome), now));
    }

    private static List<RefreshTask> tasks(List<Action> actions) {
        return actions.stream()
                .flatMap(action -> switch (action) {
                    case Action.Start start -> Stream.of(start.task());
                    case Action.StartRound round -> round.tasks().stream();
                    default -> Stream.<RefreshTask>empty();
                })
                .toList();
    }

    @Test
    void whatStandsOnAViewOfTheRoundTakesPartAndIsNotPendingAfterwards() {
        change(LOW);
        List<RefreshTask> round = after(QUIET);
        assertThat(round).extracting(RefreshTask::view).containsExactly(LOW, TOP);
        assertThat(round.getFirst().basis().stack().readers())
                .containsExactly(new UpstreamRows.Reader(TOP, 2, Set.of(List.of(1)), false));
        assertThat(round.getLast().basis().stack().accompanies()).isTrue();
        assertThat(ended(LOW, false, Set.of(TOP))).isEmpty();
        assertThat(ended(TOP, new RefreshOutcome.Deferred())).isEmpty();
        assertThat(after(Duration.ofMinutes(10))).isEmpty();
    }

    /** The outcomes of a round come one by one. */
    @Test
    void whatReadsAViewThatTookPartClaimsNothingOfTheRoundBeforeItIsRefreshed() {
        change(LOW);
        after(QUIET);
        scheduler.handle(
                new Event.RoutedTo(new Lsn(900), new Lsn(900), Snapshot.parse((xid + 1) + ":" + (xid + 1) + ":")), now);
        assertThat(watermark(TOP)).contains(new Lsn(500));
        ended(LOW, false, Set.of(TOP));
        assertThat(watermark(LOW)).contains(new Lsn(900));
        assertThat(watermark(REPORT)).as("before the outcome of what it reads").contains(new Lsn(500));
        ended(TOP, true, Set.of());
        assertThat(watermark(TOP)).contains(new Lsn(900));
        assertThat(watermark(REPORT)).contains(new Lsn(500));
    }

    /** {@code peak} reads {@code low} in two ways, and one of the views in between does not take part. */
    @Test
    void aViewOfARoundClaimsNoMoreThanAViewThatItReadsAndThatTookNoPart() {
        ViewId side = new ViewId("public", "side");
        ViewId peak = new ViewId("public", "peak");
        List<UpstreamRows> both =
                List.of(new UpstreamRows(TOP, 2, STACK.paths(), ""), new UpstreamRows(side, 4, STACK.paths(), ""));
        know(List.of(
                spec(side, 4, QUIET, Set.of(LOW), List.of(STACK)),
                spec(peak, 5, Duration.ofMinutes(1), Set.of(TOP, side), both)));
        scheduler.handle(new Event.PauseRequested(side), now);
        change(LOW);
        scheduler.handle(
                new Event.RoutedTo(new Lsn(900), new Lsn(900), Snapshot.parse((xid + 1) + ":" + (xid + 1) + ":")), now);
        Map<ViewId, Optional<Lsn>> claims =
                after(QUIET).stream().collect(Collectors.toMap(RefreshTask::view, RefreshTask::routed));
        assertThat(claims)
                .isEqualTo(Map.of(
                        LOW, Optional.of(new Lsn(900)),
                        TOP, Optional.of(new Lsn(900)),
                        peak, Optional.of(new Lsn(500))));
    }

    private Optional<Lsn> watermark(ViewId view) {
        return scheduler.status().stream()
                .filter(status -> status.view().equals(view))
                .findFirst()
                .orElseThrow()
                .watermark();
    }

    @Test
    void whatWasNotCarriedIsBroughtUpToDateByTheRowsThatWereKept() {
        change(TOP);
        assertThat(after(Duration.ofMinutes(1))).extracting(RefreshTask::view).containsExactly(TOP);
        change(LOW);
        List<RefreshTask> round = after(Duration.ofSeconds(2));
        assertThat(round).as("the reader runs").extracting(RefreshTask::view).containsExactly(LOW);
        assertThat(round.getFirst().basis().stack().readers())
                .containsExactly(new UpstreamRows.Reader(TOP, 2, Set.of(List.of(1)), true));
        ended(TOP, true, Set.of());
        List<RefreshTask> next = ended(LOW, true, Set.of());
        assertThat(next).extracting(RefreshTask::view).containsExactly(TOP);
        assertThat(next.getFirst().basis().everything()).isEmpty();
    }

    /** A round of the run before may have taken a row out, and ended before it told the view above. */
    @Test
    void whatAnEarlierRunMayHaveSeenIsNotSkippedByTheRowsOfAViewThatIsRead() {
        assertThat(resting(160)).as("no snapshot is known").containsOnlyKeys(REPORT);
        scheduler.handle(new Event.RoutedTo(new Lsn(900), new Lsn(900), Snapshot.parse("160:170:165")), now);
        scheduler.handle(new Event.RoutedTo(new Lsn(990), new Lsn(990), Snapshot.parse("180:180:")), now);
        assertThat(resting(159)).containsOnlyKeys(REPORT);
        assertThat(resting(159, 170)).containsOnlyKeys(REPORT);
        assertThat(resting(165)).containsOnlyKeys(LOW, TOP, REPORT);
        assertThat(resting(170)).containsOnlyKeys(LOW, TOP, REPORT);
        assertThat(scheduler.handle(
                        new Event.Affected(List.of(), List.of(new Event.Skipped(impact(LOW, 159), 0L))), now))
                .as("is affected")
                .hasAtLeastOneElementOfType(Action.Mark.class);
    }

    @Test
    void whatARoundMayHaveSeenThatSeemsToHaveFailedIsNotSkippedEither() {
        scheduler.handle(new Event.RoutedTo(new Lsn(900), new Lsn(900), Snapshot.parse("100:100:")), now);
        assertThat(resting(170)).containsOnlyKeys(LOW, TOP, REPORT);
        scheduler.handle(new Event.RefreshRequested(Set.of(LOW)), now);
        Failure lost = new Failure(Failure.Kind.TRANSIENT, "08006", "it failed", Remedy.NONE);
        ended(LOW, new RefreshOutcome.Failed(lost, Duration.ZERO));
        assertThat(resting(170)).containsOnlyKeys(TOP, REPORT);
    }

    private Map<ViewId, Long> resting(long... xids) {
        return scheduler.resting(
                Stream.of(LOW, TOP, REPORT).map(view -> impact(view, xids)).toList());
    }

    private Impact impact(ViewId view, long... xids) {
        return new Impact(view, Xids.of(LongStream.of(xids)), now.wall());
    }

    @Test
    void aReaderThatWasTakenOutWithTheViewBelowHasItsChangesStill() {
        change(TOP);
        change(LOW);
        assertThat(after(QUIET)).extracting(RefreshTask::view).containsExactly(LOW, TOP);
        ended(LOW, new RefreshOutcome.NeedsAllRows("too many keys"));
        List<RefreshTask> next = ended(TOP, new RefreshOutcome.Deferred());
        assertThat(next).as("the view below goes first").isEmpty();
        next = ended(LOW, true, Set.of());
        assertThat(next).extracting(RefreshTask::view).containsExactly(TOP);
        assertThat(next.getFirst().lookups()).hasSize(1);
    }
}
