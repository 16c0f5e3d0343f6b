package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.ClockBound;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.Impact;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Recomputed;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Remedy;
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
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** When an incremental view is brought up to date whose rounds follow the clock, and when all its rows are. */
class ClockTicksTest {
    private static final ViewId VIEW = new ViewId("public", "v");
    private static final Duration STALENESS = Duration.ofSeconds(60);
    private static final Snapshot SEEN = Snapshot.parse("100:100:");
    private static final ClockBound BOUND = new ClockBound(
            new TableId("public", "t"),
            "at",
            "timestamptz",
            "pg_catalog.now()",
            "timestamptz",
            "timestamptz_gt",
            true,
            List.of(),
            List.of());

    private final Scheduler scheduler = new Scheduler(SchedulerSettings.withMaxConcurrent(2), 10, new Random(1));
    private Moment now = new Moment(7, Instant.parse("2026-01-01T00:00:00Z"));

    private List<Action> handle(Event event) {
        return scheduler.handle(event, now);
    }

    private Optional<RefreshTask> startedAfter(Duration time) {
        now = now.plus(time);
        return started(handle(new Event.Tick()));
    }

    private static Optional<RefreshTask> started(List<Action> actions) {
        return actions.stream()
                .filter(Action.Start.class::isInstance)
                .map(action -> ((Action.Start) action).task())
                .findFirst();
    }

    private Optional<RefreshTask> know(boolean dirty, List<ClockBound> clock) {
        ViewSpec spec = new ViewSpec(
                VIEW,
                1,
                new Timing(Duration.ofMillis(20), Duration.ofSeconds(5), Optional.of(STALENESS)),
                Method.INCREMENTAL,
                Set.of(),
                Optional.empty(),
                Optional.of(new Obstacle("reads the clock", Remedy.NONE)),
                "1",
                FullRecompute.ALLOW,
                clock,
                List.of(),
                Set.of(),
                0);
        LedgerEntry entry = new LedgerEntry(
                VIEW,
                dirty,
                Optional.empty(),
                Optional.of(new Lsn(500)),
                Optional.of(SEEN),
                Optional.of(now.wall()),
                Optional.of(Duration.ofMillis(5)),
                0,
                false,
                Optional.empty(),
                Optional.empty());
        Optional<RefreshTask> task =
                started(handle(new Event.ViewsKnown(List.of(spec), Map.of(VIEW, entry), Set.of())));
        handle(new Event.RoutedTo(new Lsn(600), Lsn.ZERO, SEEN));
        return task;
    }

    private void change(long xid) {
        KeyLookup lookup = new KeyLookup(new TableId("public", "t"), List.of(1), List.of("int"), Set.of(List.of("1")));
        handle(new Event.Affected(List.of(new Impact(VIEW, Xids.of(new Xid(xid)), now.wall(), List.of(lookup)))));
    }

    private void ended() {
        handle(new Event.RefreshEnded(
                VIEW,
                new RefreshOutcome.Refreshed(
                        Snapshot.parse("200:200:"),
                        Duration.ofMillis(3),
                        Optional.of(0L),
                        false,
                        now.wall(),
                        Optional.of(new Recomputed(0, Optional.empty())),
                        Set.of())));
    }

    @Test
    void eachRoundCountsAsATickAndGoesByKeys() {
        know(false, List.of(BOUND));
        handle(new Event.StreamBegan(new Lsn(600)));
        RefreshTask tick = startedAfter(STALENESS).orElseThrow();
        assertThat(tick.refreshesAll()).isFalse();
        assertThat(tick.lookups()).isEmpty();
        assertThat(tick.basis().clock()).containsExactly(BOUND);
        ended();
        assertThat(startedAfter(STALENESS.dividedBy(2))).isEmpty();
        change(250);
        RefreshTask byLog = startedAfter(Duration.ofMillis(30)).orElseThrow();
        assertThat(byLog.refreshesAll()).isFalse();
        assertThat(byLog.lookups()).hasSize(1);
        ended();
        assertThat(startedAfter(STALENESS.dividedBy(2)))
                .as("since the round of the log")
                .isEmpty();
        assertThat(startedAfter(STALENESS.dividedBy(2))).isPresent();
        ended();
        assertThat(scheduler.status().getFirst().phase())
                .as("it claims nothing")
                .isEqualTo(ViewPhase.UNTRACKED);
    }

    @Test
    void whatItLackedWhenTheDaemonBeganIsNotKnown() {
        assertThat(know(true, List.of(BOUND)).orElseThrow().basis().everything())
                .contains("lacked changes when refreshd started");
    }

    @Test
    void changesMayHaveBeenMissedWhileMoreThanTheClockWasUntracked() {
        know(false, List.of());
        handle(new Event.StreamBegan(new Lsn(600)));
        assertThat(startedAfter(STALENESS).orElseThrow().basis().everything()).isEqualTo("max-staleness has passed");
        ended();
        assertThat(know(false, List.of(BOUND)).orElseThrow().basis().everything())
                .contains("changes in the log may have been missed");
    }
}
