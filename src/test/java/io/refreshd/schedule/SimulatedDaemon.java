package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Backoff;
import io.refreshd.model.Impact;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullUnmarked;

/** One life of the daemon, from its start to a crash: a real {@link Scheduler}, with a model of what is around it. */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
final class SimulatedDaemon {
    private static final SchedulerSettings SETTINGS = new SchedulerSettings(
            2,
            new Backoff(Duration.ofMillis(200), Duration.ofSeconds(5)),
            4,
            new Backoff(Duration.ofMillis(10), Duration.ofMillis(250)),
            new QueueBound(SimulatedDatabase.position(60), Duration.ofSeconds(4)));

    private final Timeline timeline;
    private final SimulatedDatabase db;
    private final DataOracle data;
    private final Counts counts;
    private final Scheduler scheduler;
    private final ScheduleOracle schedule = new ScheduleOracle(SETTINGS.maxConcurrent());
    private final SimulatedIngest ingest;
    private final SimulatedRefresher refresher;
    private final Runnable kill;
    private boolean alive = true;

    /** @param queriesViews see {@link Simulation} @param kill makes it crash */
    SimulatedDaemon(
            Timeline timeline,
            SimulatedDatabase db,
            DataOracle data,
            Counts counts,
            boolean queriesViews,
            Runnable kill) {
        this.kill = kill;
        this.timeline = timeline;
        this.db = db;
        this.data = data;
        this.counts = counts;
        scheduler = new Scheduler(SETTINGS, db.firstMark(), timeline.random());
        ingest = new SimulatedIngest(this, timeline, db, counts, queriesViews);
        refresher = new SimulatedRefresher(this, timeline, db, data, counts, queriesViews);
    }

    void start() {
        db.ledgerReader = this;
        ingest.readCatalog();
    }

    void crash() {
        alive = false;
        counts.settled += schedule.settled;
        counts.scheduled += schedule.scheduled;
        db.locked.clear();
    }

    void kill() {
        kill.run();
    }

    boolean alive() {
        return alive;
    }

    /** Does not happen if this daemon has crashed in between. */
    void unlessCrashed(long millis, Runnable what) {
        timeline.later(millis, () -> {
            if (alive) {
                what.run();
            }
        });
    }

    ScheduleOracle schedule() {
        return schedule;
    }

    SimulatedIngest ingest() {
        return ingest;
    }

    SimulatedRefresher refresher() {
        return refresher;
    }

    OptionalLong nextDeadline() {
        return scheduler.nextDeadline();
    }

    List<ViewStatus> status() {
        return scheduler.status();
    }

    Optional<Lsn> logNeededFrom() {
        return scheduler.logNeededFrom(timeline.now());
    }

    Map<ViewId, Long> resting(Collection<Impact> candidates) {
        return scheduler.resting(candidates);
    }

    /** Hands an event to the scheduler, carries out the actions, and checks what must hold after each event. */
    List<Action> handle(Event event) {
        if (event instanceof Event.RefreshEnded ended) {
            schedule.ended(ended.view(), ended.outcome(), timeline.now().nanos());
        }
        Moment now = timeline.now();
        List<Action> actions = scheduler.handle(event, now);
        schedule.paused(scheduler.status());
        int marks = 0;
        for (Action action : actions) {
            switch (action) {
                case Action.Mark mark -> marks++;
                case Action.Start start -> {
                    assertThat(groupOf(start.task().view()))
                            .as("%s is not refreshed alone", start.task().view())
                            .isEmpty();
                    schedule.started(start.task(), false, Set.of(), now);
                    counts.refreshes++;
                    unlessCrashed(timeline.below(3), () -> refresher.refresh(start.task()));
                }
                case Action.StartRound round -> {
                    boolean group = round.tasks().getFirst().method() != Method.INCREMENTAL;
                    if (group) {
                        assertGroup(round.tasks());
                    } else {
                        assertThat(round.tasks()).hasSizeGreaterThan(1).noneMatch(RefreshTask::refreshesAll);
                    }
                    boolean joined = false;
                    Set<ViewId> together = group
                            ? Set.of()
                            : round.tasks().stream().map(RefreshTask::view).collect(Collectors.toSet());
                    for (RefreshTask task : round.tasks()) {
                        schedule.started(task, joined, together, now);
                        joined = true;
                    }
                    counts.shared += group ? 0 : 1;
                    unlessCrashed(timeline.below(3), () -> {
                        if (group) {
                            refresher.group(round.tasks());
                        } else {
                            refresher.round(round.tasks());
                        }
                    });
                }
                case Action.Settle settle -> write(settle);
                case Action.Remember remember -> write(remember);
                case Action.Later later -> refresher.answer(later);
                case Action.Tell tell -> {
                    if (tell.notice() instanceof Notice.PhaseChanged phase && phase.to() == ViewPhase.WAITING) {
                        counts.waited++;
                    }
                }
            }
        }
        assertThat(marks).isLessThanOrEqualTo(1);
        List<ViewStatus> status = scheduler.status();
        schedule.check(status, scheduler.nextDeadline(), ingest.readsAgain(), now);
        status.forEach(shown -> data.checkWatermark(shown, ingest.knownViews()));
        return actions;
    }

    /** The others of the view's group. One that was created again is not known to be one of them until the catalog is read. */
    private Set<ViewId> groupOf(ViewId view) {
        return db.views.get(view).together().stream()
                .filter(other -> ingest.knownViews().get(other).oid()
                        == db.views.get(other).oid())
                .collect(Collectors.toSet());
    }

    private void assertGroup(List<RefreshTask> tasks) {
        Set<ViewId> views = tasks.stream().map(RefreshTask::view).collect(Collectors.toSet());
        ViewId first = tasks.getFirst().view();
        Set<ViewId> group = new HashSet<>(db.views.get(first).together());
        group.add(first);
        assertThat(views).as("the group of %s", first).isSubsetOf(group).containsAll(groupOf(first));
        assertThat(tasks).allMatch(RefreshTask::refreshesAll);
    }

    private void write(Action.Settle settle) {
        LedgerRow row = db.ledger.get(settle.view());
        unlessCrashed(timeline.below(100), () -> {
            row.covered = Math.max(row.covered, settle.number());
            row.watermark = Watermarks.newer(row.watermark, settle.watermark());
        });
    }

    /** At once: {@link LedgerWriter} writes one at a time and in order. */
    private void write(Action.Remember remember) {
        LedgerRow row = db.ledger.get(remember.view());
        row.failures = remember.failures();
        row.paused = remember.paused();
        row.closedUntil = remember.closedUntil();
        row.suspended = remember.suspended();
    }
}
