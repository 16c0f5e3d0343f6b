package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Failure;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.Impact;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.Remedy;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.report.ViewPhase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/** Views with slow refreshes beside views with quick ones, and views that stand on views that never rest; in virtual time. */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
class SchedulerFairnessTest {
    private static final Duration STEP = Duration.ofMillis(50);
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration QUICK = Duration.ofMillis(200);
    private static final Duration SLOW = Duration.ofSeconds(30);

    private final Map<ViewId, ViewSpec> specs = new TreeMap<>();
    private final Map<ViewId, LedgerEntry> entries = new HashMap<>();
    private final Map<ViewId, Duration> durations = new HashMap<>();
    private final Map<ViewId, Instant> ends = new TreeMap<>();
    /** Views whose refreshes fail, after their time. */
    private final Set<ViewId> failing = new HashSet<>();
    /** The view of each refresh that was started, with the time since the beginning. */
    private final List<Map.Entry<ViewId, Duration>> starts = new ArrayList<>();

    private final Instant beginning = Instant.parse("2026-01-01T00:00:00Z");
    private Moment now = new Moment(5, beginning);
    private Scheduler scheduler;
    private long xid = 100;
    /** The owner of the views that are made next. */
    private long owner = 1;

    /** Views whose refreshes have a time limit, and which. */
    private final Map<ViewId, Duration> limits = new HashMap<>();

    @Test
    void twoViewsThatTakeThirtySecondsEachByTheClockLeaveAPlaceToAllOthers() {
        ViewId first = view("first", SLOW, SECOND, Optional.of(SECOND));
        ViewId second = view("second", SLOW, SECOND, Optional.of(SECOND));
        ViewId quick = view("quick", QUICK, SECOND, Optional.empty());
        begin(2);
        run(Duration.ofMinutes(5), Set.of(quick));
        assertThat(longestPause(quick)).isLessThan(SECOND.plus(QUICK));
        assertThat(startsOf(first)).as("the slow ones take turns").hasSizeBetween(4, 6);
        assertThat(startsOf(second)).hasSizeBetween(4, 6);
    }

    /** It misses its target lag by itself, and no other view may add to that. */
    @Test
    void twoSlowViewsDoNotKeepAViewWaitingThatCannotKeepItsTargetLag() {
        view("first", SLOW, SECOND, Optional.of(SECOND));
        view("second", SLOW, SECOND, Optional.of(SECOND));
        Duration longerThanTarget = Duration.ofMillis(1_500);
        ViewId late = view("late", longerThanTarget, SECOND, Optional.empty());
        begin(2);
        run(Duration.ofMinutes(5), Set.of(late));
        assertThat(longestPause(late)).isLessThan(longerThanTarget.plus(SECOND));
    }

    @Test
    void threePlacesMeanTwoForSlowViews() {
        for (String name : List.of("a", "b", "c")) {
            view(name, SLOW, SECOND, Optional.of(SECOND));
        }
        ViewId quick = view("quick", QUICK, SECOND, Optional.empty());
        begin(3);
        run(Duration.ofSeconds(20), Set.of(quick));
        assertThat(ends).hasSizeBetween(2, 3);
        assertThat(starts.stream().filter(start -> !start.getKey().equals(quick)))
                .hasSize(2);
        assertThat(longestPause(quick)).isLessThan(SECOND.plus(QUICK));
    }

    /** What takes thirty seconds may keep its own target lag of a minute, and make another view miss one of a second. */
    @Test
    void aViewThatTakesThirtySecondsAndMayTakeAMinuteWaitsUntilItCannotWaitAnyLonger() {
        Duration minute = Duration.ofMinutes(1);
        ViewId first = view("first", SLOW, minute, Optional.empty());
        ViewId second = view("second", SLOW, minute, Optional.empty());
        view("quick", QUICK, SECOND, Optional.empty());
        durations.put(first, Duration.ofMinutes(10));
        begin(2);
        change(first, second);
        run(Duration.ofSeconds(29), Set.of());
        assertThat(startsOf(second)).isEmpty();
        run(Duration.ofSeconds(2), Set.of());
        assertThat(startsOf(second)).hasSize(1);
    }

    @Test
    void withOnePlaceQuickViewsGoBetweenTwoSlowOnesAndNeitherKindStarves() {
        ViewId first = view("first", SLOW, SECOND, Optional.of(SECOND));
        ViewId second = view("second", SLOW, SECOND, Optional.of(SECOND));
        List<ViewId> quick = List.of(
                view("quick_a", QUICK, SECOND, Optional.empty()), view("quick_b", QUICK, SECOND, Optional.empty()));
        begin(1);
        run(Duration.ofMinutes(10), Set.copyOf(quick));
        for (ViewId view : quick) {
            assertThat(longestPause(view)).isLessThan(SLOW.plus(SECOND).plus(SECOND));
        }
        assertThat(startsOf(first)).hasSizeGreaterThan(4);
        assertThat(startsOf(second)).hasSizeGreaterThan(4);
    }

    @Test
    void threeViewsThatNeverRestLetTheOneThatStandsOnThemHaveItsTurn() {
        Duration tenSeconds = Duration.ofSeconds(10);
        Set<ViewId> below = Set.of(
                view("a", tenSeconds, SECOND, Optional.empty()),
                view("b", tenSeconds, SECOND, Optional.empty()),
                view("c", tenSeconds, SECOND, Optional.empty()));
        Duration lag = Duration.ofSeconds(3);
        ViewId stacked = stackedView("stacked", QUICK, lag, below);
        begin(4);
        run(Duration.ofMinutes(5), below);
        assertThat(longestPause(stacked))
                .as("its target lag, and what it stands on: three, two at a time, while they start")
                .isLessThan(lag.plus(tenSeconds).plus(tenSeconds).plus(SECOND));
        below.forEach(view -> assertThat(startsOf(view)).hasSizeGreaterThan(8));
    }

    @Test
    void aChainGoesOnAlthoughItsLowestViewNeverRests() {
        Duration lag = Duration.ofSeconds(3);
        ViewId low = view("low", Duration.ofSeconds(5), SECOND, Optional.empty());
        ViewId middle = stackedView("middle", Duration.ofSeconds(2), lag, Set.of(low));
        ViewId top = stackedView("top", QUICK, lag, Set.of(middle));
        begin(2);
        run(Duration.ofMinutes(5), Set.of(low));
        assertThat(longestPause(middle)).isLessThan(Duration.ofSeconds(10));
        assertThat(longestPause(top)).isLessThan(Duration.ofSeconds(15));
        assertThat(startsOf(low)).hasSizeGreaterThan(25);
    }

    @Test
    void aQuickViewGoesOnWhileTheOneThatStandsOnItWaitsForASlowOne() {
        ViewId slow = view("slow", SLOW, SECOND, Optional.empty());
        ViewId quick = view("quick", QUICK, SECOND, Optional.empty());
        ViewId stacked = stackedView("stacked", QUICK, Duration.ofSeconds(3), Set.of(slow, quick));
        begin(3);
        run(Duration.ofMinutes(5), Set.of(slow, quick));
        assertThat(longestPause(quick)).isLessThan(SECOND.plus(SECOND));
        assertThat(startsOf(stacked)).hasSizeGreaterThan(8);
    }

    @Test
    void aViewOfUnknownDurationDoesNotTakeTheLastPlaceFromAViewThatIsKnownToBeQuick() {
        ViewId quick = view("quick", QUICK, SECOND, Optional.empty());
        for (String name : List.of("new_a", "new_b")) {
            ViewId unknown = view(name, SLOW, SECOND, Optional.empty());
            entries.put(unknown, LedgerEntry.unknown(unknown));
        }
        begin(2);
        run(Duration.ofMinutes(2), Set.of(quick));
        assertThat(longestPause(quick)).isLessThan(SECOND.plus(QUICK));
        assertThat(starts)
                .as("both are refreshed, one of them after it was ended in the last place")
                .filteredOn(start -> !start.getKey().equals(quick))
                .hasSize(3);
    }

    /** Their owners need no more than functions that wait. Each takes a place for as long as a refresh may take. */
    @Test
    void viewsThatWereQuickAndNowFailAtTheTimeLimitHaveBothPlacesOnce() {
        ViewId quick = view("quick", QUICK, SECOND, Optional.empty());
        for (String name : List.of("a", "b")) {
            ViewId slow = view(name, QUICK, SECOND, Optional.empty());
            durations.put(slow, SLOW);
            failing.add(slow);
        }
        begin(2);
        run(SLOW.multipliedBy(2), specs.keySet());
        int before = startsOf(quick).size();
        run(Duration.ofMinutes(2), specs.keySet());
        assertThat(startsOf(quick).size() - before).isGreaterThan(100);
    }

    @Test
    void newViewsThatFailGiveWayToThoseThatWereNotTriedYet() {
        view("quick", QUICK, SECOND, Optional.empty());
        for (String name : List.of("a", "b", "new")) {
            ViewId unknown = view(name, SLOW, SECOND, Optional.empty());
            entries.put(unknown, LedgerEntry.unknown(unknown));
            failing.add(unknown);
        }
        begin(2);
        run(SLOW.multipliedBy(3), Set.of());
        assertThat(starts).map(start -> start.getKey().name()).startsWith("a", "b", "new");
    }

    /** Whoever may create views decides how deep they are stacked. Each is late here, so each has its turn before what it reads. */
    @Test
    void aChainOfTwoThousandViewsIsTakenUpLikeAnyOther() {
        ViewId below = view("v0", QUICK, SECOND, Optional.empty());
        for (int i = 1; i < 2_000; i++) {
            below = stackedView("v" + i, QUICK, SECOND, Set.of(below));
        }
        begin(2);
        change(specs.keySet().toArray(ViewId[]::new));
        run(SECOND.multipliedBy(4), Set.of());
        assertThat(starts).hasSizeGreaterThan(10);
        assertThat(scheduler.status()).hasSize(2_000);
    }

    @Test
    void whereNothingIsKnownYetAllPlacesAreTaken() {
        for (String name : List.of("a", "b", "c")) {
            ViewId unknown = view(name, SLOW, SECOND, Optional.empty());
            entries.put(unknown, LedgerEntry.unknown(unknown));
        }
        begin(2);
        run(STEP, Set.of());
        assertThat(starts).hasSize(2);
    }

    private ViewId newView(String name, Duration duration) {
        ViewId view = view(name, duration, SECOND, Optional.empty());
        entries.put(view, LedgerEntry.unknown(view));
        return view;
    }

    /** Their owner needs no more than the privilege to create them. */
    @Test
    void manyNewViewsThatAreSlowDoNotDelayTheFirstRefreshOfAnotherOwnersView() {
        ViewId quick = view("quick", QUICK, SECOND, Optional.empty());
        ViewId added = newView("new", QUICK);
        owner = 2;
        for (int i = 0; i < 300; i++) {
            newView("a" + i, SLOW);
        }
        begin(2);
        run(Duration.ofMinutes(2), Set.of(quick));
        assertThat(startsOf(added).getFirst()).isLessThan(SECOND.plus(QUICK));
        assertThat(longestPause(quick)).isLessThan(SECOND.plus(SECOND));
        assertThat(starts.stream().filter(start -> start.getKey().name().startsWith("a")))
                .hasSizeGreaterThan(50);
    }

    /** Each has a turn of a second, and those that need longer one more where long refreshes are. */
    @Test
    void newViewsThatAreSlowHoldUpNewOnesOfTheirOwnerForSecondsOnly() {
        view("quick", QUICK, SECOND, Optional.empty());
        for (int i = 0; i < 10; i++) {
            newView("a" + i, SLOW);
        }
        ViewId last = newView("last", QUICK);
        begin(2);
        run(SECOND.multipliedBy(20), Set.of());
        assertThat(startsOf(last)).isNotEmpty();
        run(Duration.ofMinutes(6), Set.of());
        assertThat(ends).as("all have been refreshed").isEmpty();
        assertThat(scheduler.status()).noneMatch(view -> view.phase() == ViewPhase.DIRTY);
    }

    @Test
    void hundredsOfQuickViewsDoNotKeepAnotherOwnersViewWaiting() {
        ViewId quick = view("z", QUICK, SECOND, Optional.empty());
        owner = 2;
        for (int i = 0; i < 300; i++) {
            view("a" + i, QUICK, SECOND, Optional.empty());
        }
        begin(2);
        change(specs.keySet().toArray(ViewId[]::new));
        run(Duration.ofSeconds(20), Set.of(quick));
        assertThat(longestPause(quick)).isLessThan(SECOND.plus(QUICK).plus(QUICK));
    }

    @Test
    void aDeepStackDoesNotKeepAnotherViewOfItsOwnerWaiting() {
        ViewId quick = view("z", QUICK, SECOND, Optional.empty());
        ViewId below = view("v0", QUICK, SECOND, Optional.empty());
        for (int i = 1; i < 300; i++) {
            below = stackedView("v" + i, QUICK, SECOND, Set.of(below));
        }
        begin(2);
        change(specs.keySet().toArray(ViewId[]::new));
        run(SECOND.multipliedBy(20), Set.of(quick));
        assertThat(longestPause(quick)).isLessThan(SECOND.plus(QUICK).plus(QUICK));
    }

    private ViewId view(String name, Duration duration, Duration targetLag, Optional<Duration> maxStaleness) {
        return view(name, duration, targetLag, maxStaleness, Set.of());
    }

    private ViewId stackedView(String name, Duration duration, Duration targetLag, Set<ViewId> upstream) {
        return view(name, duration, targetLag, Optional.empty(), upstream);
    }

    private ViewId view(
            String name, Duration duration, Duration targetLag, Optional<Duration> maxStaleness, Set<ViewId> upstream) {
        ViewId view = new ViewId("public", name);
        Timing timing = new Timing(Duration.ofMillis(100), targetLag, maxStaleness);
        specs.put(
                view,
                new ViewSpec(
                        view,
                        1,
                        timing,
                        Method.CONCURRENT,
                        upstream,
                        Optional.empty(),
                        Optional.empty(),
                        "",
                        FullRecompute.ALLOW,
                        List.of(),
                        List.of(),
                        Set.of(),
                        owner));
        durations.put(view, duration);
        entries.put(
                view,
                new LedgerEntry(
                        view,
                        false,
                        Optional.empty(),
                        Optional.of(new Lsn(10)),
                        Optional.of(Snapshot.parse("100:100:")),
                        Optional.of(beginning),
                        Optional.of(duration),
                        0,
                        false,
                        Optional.empty(),
                        Optional.empty()));
        return view;
    }

    private void begin(int maxConcurrent) {
        scheduler = new Scheduler(SchedulerSettings.withMaxConcurrent(maxConcurrent), 1_000, new Random(1));
        handle(new Event.ViewsKnown(List.copyOf(specs.values()), entries, Set.of()));
    }

    private void change(ViewId... views) {
        Xids changed = Xids.of(new Xid(xid++));
        handle(new Event.Affected(List.of(views).stream()
                .map(view -> new Impact(view, changed, now.wall()))
                .toList()));
    }

    /** @param changing views that a change affects in each step */
    private void run(Duration time, Set<ViewId> changing) {
        Instant until = now.wall().plus(time);
        while (now.wall().isBefore(until)) {
            now = now.plus(STEP);
            List<ViewId> ended = ends.entrySet().stream()
                    .filter(running -> !running.getValue().isAfter(now.wall()))
                    .map(Map.Entry::getKey)
                    .toList();
            ended.forEach(view -> {
                ends.remove(view);
                handle(new Event.RefreshEnded(view, outcome(view)));
            });
            if (!changing.isEmpty()) {
                change(changing.toArray(ViewId[]::new));
            }
            if (scheduler.nextDeadline().isPresent() && scheduler.nextDeadline().getAsLong() - now.nanos() <= 0) {
                handle(new Event.Tick());
            }
        }
    }

    private RefreshOutcome outcome(ViewId view) {
        if (limits.containsKey(view)) {
            return new RefreshOutcome.OutOfTime(limits.get(view));
        }
        return failing.contains(view)
                ? new RefreshOutcome.Failed(
                        new Failure(Failure.Kind.TRANSIENT, "57014", "too slow", Remedy.NONE), durations.get(view))
                : new RefreshOutcome.Refreshed(
                        Snapshot.parse("100:100:"), durations.get(view), Optional.empty(), true, now.wall());
    }

    private void handle(Event event) {
        for (Action action : scheduler.handle(event, now)) {
            if (action instanceof Action.Start start) {
                ViewId view = start.task().view();
                Duration duration = durations.get(view);
                limits.remove(view);
                if (start.task()
                        .timeLimit()
                        .filter(limit -> duration.compareTo(limit) > 0)
                        .isPresent()) {
                    limits.put(view, start.task().timeLimit().get());
                }
                ends.put(view, now.wall().plus(limits.getOrDefault(view, duration)));
                starts.add(Map.entry(view, Duration.between(beginning, now.wall())));
            }
        }
    }

    private List<Duration> startsOf(ViewId view) {
        return starts.stream()
                .filter(start -> start.getKey().equals(view))
                .map(Map.Entry::getValue)
                .toList();
    }

    /** Between two refreshes of the view, or before the first, or since the last. */
    private Duration longestPause(ViewId view) {
        Duration longest = Duration.ZERO;
        Duration previous = Duration.ZERO;
        List<Duration> times = new ArrayList<>(startsOf(view));
        times.add(Duration.between(beginning, now.wall()));
        for (Duration time : times) {
            longest = time.minus(previous).compareTo(longest) > 0 ? time.minus(previous) : longest;
            previous = time;
        }
        return longest;
    }
}
