package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Failure;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Method;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Remedy;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.schedule.SimulatedView.Content;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;

/** Model of the refresher: looks up or refreshes as a task says, and now and then fails, or commits and seems to have failed. */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
final class SimulatedRefresher {
    /** How long a look-up waits for the log, in milliseconds. */
    private static final int PATIENCE = 2_000;

    private static final List<String> STATES = List.of("40001", "22P02", "42501", "08006");

    final SimulatedDaemon daemon;
    final Timeline timeline;
    final SimulatedDatabase db;
    final DataOracle data;
    final Counts counts;
    /** By oid: views of whose present rows the views that read them have been told. */
    final Set<Long> told = new HashSet<>();

    /** Whether some failures are of the data or of a privilege, so that their suspensions are retried. */
    private final boolean variousCauses;

    private final Map<ViewId, Consumer<Action.Later>> waitingLookUps = new TreeMap<>();

    SimulatedRefresher(
            SimulatedDaemon daemon,
            Timeline timeline,
            SimulatedDatabase db,
            DataOracle data,
            Counts counts,
            boolean variousCauses) {
        this.variousCauses = variousCauses;
        this.daemon = daemon;
        this.timeline = timeline;
        this.db = db;
        this.data = data;
        this.counts = counts;
    }

    boolean lookUpWaits() {
        return !waitingLookUps.isEmpty();
    }

    void answer(Action.Later later) {
        Optional.ofNullable(waitingLookUps.remove(later.view())).ifPresent(waiting -> waiting.accept(later));
    }

    void refresh(RefreshTask task) {
        if (db.stacks() && task.method() == Method.INCREMENTAL) {
            round(List.of(task));
            return;
        }
        SimulatedView view = current(task);
        if (view.oid() != task.oid()) {
            end(task, new RefreshOutcome.Gone());
            return;
        }
        Snapshot snapshot = db.snapshot();
        Optional<Xid> unseen = task.awaited().unseenBy(snapshot).stream().findFirst();
        if (unseen.isPresent()) {
            end(task, new RefreshOutcome.NotVisibleYet(unseen.get()));
            return;
        }
        if (timeline.chance(5)) {
            fail(task, timeline.chance(20) ? Failure.Kind.PERMANENT : Failure.Kind.TRANSIENT);
            return;
        }
        if (task.method() == Method.INCREMENTAL) {
            round(task, view, snapshot);
        } else if (task.lookups().isEmpty()) {
            refresh(task, view, snapshot);
        } else {
            lookUp(task, view, snapshot);
        }
    }

    /** Recomputes the rows of the look-ups, in one snapshot, once the changes that the snapshot sees have all been read from the log. */
    private void round(RefreshTask task, SimulatedView view, Snapshot snapshot) {
        if (task.refreshesAll() || !task.definitionIs(view.definition())) {
            counts.everything++;
            refresh(task, view, snapshot);
            return;
        }
        Content content = db.query(view);
        Set<Integer> differing = db.rows.differing(content, db.contents.get(task.view()));
        Consumer<Action.Later> waiting = later -> daemon.unlessCrashed(timeline.below(3), () -> {
            if (current(task).oid() != task.oid()) {
                end(task, new RefreshOutcome.Gone());
            } else if (later.lookups().isEmpty()) {
                counts.everything++;
                refresh(task, current(task), db.snapshot());
            } else {
                Set<Integer> recomputed = keys(task.lookups());
                recomputed.addAll(keys(later.lookups().get()));
                assertThat(recomputed)
                        .as("I2: rows of %s that a round recomputes", task.view())
                        .containsAll(differing);
                counts.rounds++;
                refresh(task, view, snapshot, content);
            }
        });
        ask(task, waiting);
    }

    /** One round of several views, in one snapshot. */
    void round(List<RefreshTask> tasks) {
        if (db.stacks()) {
            new SimulatedRound(this, tasks).begin();
        } else {
            new SharedRound(tasks).begin();
        }
    }

    private final class SharedRound {
        private final List<RefreshTask> tasks;
        private final Map<ViewId, RefreshOutcome> outcomes = new TreeMap<>();
        private final Map<ViewId, Content> read = new TreeMap<>();
        private final Map<ViewId, Boolean> upToDate = new TreeMap<>();
        private final Snapshot snapshot = db.snapshot();
        private int unanswered;

        SharedRound(List<RefreshTask> tasks) {
            this.tasks = tasks;
        }

        void begin() {
            for (RefreshTask task : tasks) {
                SimulatedView view = current(task);
                Optional<Xid> unseen =
                        task.awaited().unseenBy(snapshot).stream().findFirst();
                if (view.oid() != task.oid()) {
                    outcomes.put(task.view(), new RefreshOutcome.Gone());
                } else if (unseen.isPresent()) {
                    outcomes.put(task.view(), new RefreshOutcome.NotVisibleYet(unseen.get()));
                } else if (timeline.chance(5)) {
                    outcomes.put(task.view(), failure(task, Failure.Kind.TRANSIENT));
                } else if (!task.definitionIs(view.definition())) {
                    outcomes.put(task.view(), new RefreshOutcome.NeedsAllRows("altered"));
                } else {
                    read.put(task.view(), db.query(view));
                }
            }
            unanswered = read.size();
            if (read.isEmpty()) {
                end();
            }
            tasks.stream().filter(task -> read.containsKey(task.view())).forEach(this::ask);
        }

        private void ask(RefreshTask task) {
            askFor(task, later -> answered(task, later));
        }

        private void answered(RefreshTask task, Optional<List<KeyLookup>> later) {
            if (current(task).oid() != task.oid()) {
                read.remove(task.view());
                outcomes.put(task.view(), new RefreshOutcome.Gone());
            } else if (later.isEmpty()) {
                read.remove(task.view());
                counts.takenOut++;
                outcomes.put(task.view(), new RefreshOutcome.NeedsAllRows("keys are not known"));
            } else {
                Set<Integer> recomputed = keys(task.lookups());
                recomputed.addAll(keys(later.get()));
                assertThat(recomputed)
                        .as("I2: rows of %s that a round recomputes", task.view())
                        .containsAll(db.rows.differing(read.get(task.view()), db.contents.get(task.view())));
            }
            unanswered--;
            if (unanswered == 0) {
                daemon.unlessCrashed(timeline.below(3), this::apply);
            }
        }

        private void apply() {
            read.forEach((view, content) -> {
                db.locked.add(view);
                db.inFlight.put(view, content);
                upToDate.put(
                        view,
                        data.refreshBringsItUpToDate(
                                db.views.get(view), daemon.ingest().knownViews()));
            });
            Duration duration = Duration.ofMillis(timeline.below(timeline.chance(10) ? 5_000 : 150));
            timeline.later(duration.toMillis(), () -> commit(duration));
        }

        private void commit(Duration duration) {
            boolean orphaned = !daemon.alive();
            List<RefreshTask> done =
                    tasks.stream().filter(task -> read.containsKey(task.view())).toList();
            boolean same = done.stream().allMatch(task -> current(task).oid() == task.oid());
            if (orphaned && (db.ledgerReader != daemon || timeline.random().nextBoolean() || !same)) {
                return;
            }
            done.forEach(task -> db.locked.remove(task.view()));
            boolean ledger = !timeline.chance(5)
                    || done.stream().anyMatch(task -> !task.downstream().isEmpty());
            for (RefreshTask task : done) {
                Content content = read.get(task.view());
                if (!ledger) {
                    db.rowsOnly(task.view(), content);
                    outcomes.put(task.view(), failure(task, Failure.Kind.TRANSIENT));
                    continue;
                }
                counts.rounds++;
                boolean marked = db.refresh(
                        task, content, snapshot, duration, timeline.now().wall());
                if (upToDate.get(task.view())) {
                    data.broughtUpToDate(task.view());
                }
                outcomes.put(
                        task.view(),
                        timeline.chance(4)
                                ? failure(task, Failure.Kind.TRANSIENT)
                                : new RefreshOutcome.Refreshed(
                                        snapshot,
                                        duration,
                                        Optional.empty(),
                                        marked,
                                        timeline.now().wall()));
            }
            if (!orphaned) {
                end();
            }
        }

        private void end() {
            daemon.unlessCrashed(
                    timeline.below(5),
                    () -> outcomes.forEach((view, outcome) -> daemon.handle(new Event.RefreshEnded(view, outcome))));
        }
    }

    /** Refreshes a group in one snapshot and one transaction: all of its views, or none. */
    void group(List<RefreshTask> tasks) {
        Snapshot snapshot = db.snapshot();
        Map<ViewId, RefreshOutcome> outcomes = new TreeMap<>();
        for (RefreshTask task : tasks) {
            Optional<Xid> unseen = task.awaited().unseenBy(snapshot).stream().findFirst();
            if (current(task).oid() != task.oid()) {
                outcomes.put(task.view(), new RefreshOutcome.Gone());
            } else if (unseen.isPresent()) {
                outcomes.put(task.view(), new RefreshOutcome.NotVisibleYet(unseen.get()));
            }
        }
        if (!outcomes.isEmpty()) {
            tasks.forEach(task -> outcomes.putIfAbsent(task.view(), new RefreshOutcome.Deferred()));
            endGroup(outcomes);
            return;
        }
        if (timeline.chance(5)) {
            failGroup(tasks, timeline.chance(20) ? Failure.Kind.PERMANENT : Failure.Kind.TRANSIENT);
            return;
        }
        Map<ViewId, Content> read = new TreeMap<>();
        Map<ViewId, SimulatedView> views = new TreeMap<>();
        Map<ViewId, Boolean> upToDate = new TreeMap<>();
        for (RefreshTask task : upstreamFirst(tasks)) {
            SimulatedView view = current(task);
            views.put(task.view(), view);
            read.put(task.view(), db.query(view, read));
            Set<ViewId> before =
                    upToDate.keySet().stream().filter(upToDate::get).collect(Collectors.toSet());
            upToDate.put(
                    task.view(),
                    data.refreshBringsItUpToDate(view, daemon.ingest().knownViews(), before));
            db.locked.add(task.view());
            db.inFlight.put(task.view(), read.get(task.view()));
        }
        Duration duration = Duration.ofMillis(timeline.below(timeline.chance(10) ? 5_000 : 150));
        timeline.later(duration.toMillis(), () -> {
            boolean orphaned = !daemon.alive();
            boolean same = tasks.stream().allMatch(task -> current(task).oid() == task.oid());
            if (orphaned && (db.ledgerReader != daemon || timeline.random().nextBoolean() || !same)) {
                return;
            }
            tasks.forEach(task -> db.locked.remove(task.view()));
            if (timeline.chance(5)) {
                failGroup(tasks, Failure.Kind.TRANSIENT);
                return;
            }
            boolean ledger = !timeline.chance(5)
                    || tasks.stream().anyMatch(task -> !task.downstream().isEmpty());
            Set<ViewId> group = views.keySet();
            for (RefreshTask task : tasks) {
                Content content = read.get(task.view());
                if (!ledger) {
                    db.rowsOnly(task.view(), content);
                    continue;
                }
                boolean marked = db.refresh(
                        task.withoutDownstream(group),
                        content,
                        snapshot,
                        duration,
                        timeline.now().wall());
                boolean altered = Stream.concat(Stream.of(task.view()), current(task).upstream().stream())
                        .anyMatch(view ->
                                group.contains(view) && !db.views.get(view).sameQuery(views.get(view)));
                if (upToDate.get(task.view()) && !altered) {
                    data.broughtUpToDate(task.view());
                }
                outcomes.put(
                        task.view(),
                        new RefreshOutcome.Refreshed(
                                snapshot,
                                duration,
                                Optional.empty(),
                                marked,
                                timeline.now().wall(),
                                Optional.empty(),
                                group));
            }
            counts.groups++;
            if (!ledger || timeline.chance(4)) {
                failGroup(tasks, Failure.Kind.TRANSIENT);
            } else {
                endGroup(outcomes);
            }
        });
    }

    List<RefreshTask> upstreamFirst(List<RefreshTask> tasks) {
        List<RefreshTask> left = new ArrayList<>(tasks);
        List<RefreshTask> ordered = new ArrayList<>();
        while (!left.isEmpty()) {
            Set<ViewId> open = left.stream().map(RefreshTask::view).collect(Collectors.toSet());
            left.stream()
                    .filter(task -> current(task).upstream().stream().noneMatch(open::contains))
                    .forEach(ordered::add);
            left.removeAll(ordered);
        }
        return ordered;
    }

    /** Any of the views may be the one that failed. */
    private void failGroup(List<RefreshTask> tasks, Failure.Kind kind) {
        counts.failedGroups++;
        RefreshTask culprit = tasks.get(timeline.below(tasks.size()));
        RefreshOutcome.Failed failed = (RefreshOutcome.Failed) failure(culprit, kind);
        Map<ViewId, RefreshOutcome> outcomes = new TreeMap<>();
        tasks.forEach(task -> outcomes.put(task.view(), new RefreshOutcome.FailedTogether(failed.failure())));
        outcomes.put(culprit.view(), failed);
        endGroup(outcomes);
    }

    private void endGroup(Map<ViewId, RefreshOutcome> outcomes) {
        daemon.unlessCrashed(
                timeline.below(5),
                () -> outcomes.forEach((view, outcome) -> daemon.handle(new Event.RefreshEnded(view, outcome))));
    }

    static Set<Integer> keys(List<KeyLookup> lookups) {
        return lookups.stream()
                .flatMap(lookup -> lookup.keys().stream())
                .map(key -> Integer.parseInt(key.getFirst()))
                .collect(Collectors.toCollection(HashSet::new));
    }

    private SimulatedView current(RefreshTask task) {
        return db.views.get(task.view());
    }

    /** In one snapshot, and only after the changes that the snapshot sees have all been read from the log. */
    private void lookUp(RefreshTask task, SimulatedView view, Snapshot snapshot) {
        Content content = db.query(view);
        Set<Integer> differing = db.rows.differing(content, db.contents.get(task.view()));
        if (differs(task.lookups(), differing)) {
            daemon.unlessCrashed(timeline.below(3), () -> refresh(task, view, db.snapshot()));
            return;
        }
        boolean late = timeline.chance(5);
        boolean lost = timeline.chance(5);
        Consumer<Action.Later> waiting = later -> daemon.unlessCrashed(timeline.below(3), () -> {
            if (late || current(task).oid() != task.oid()) {
                refresh(task);
            } else if (later.lookups().isEmpty() || differs(later.lookups().get(), differing)) {
                refresh(task, current(task), db.snapshot());
            } else if (current(task).sameQuery(view)) {
                // If its query changed and the daemon has yet to hear of that, the view keeps the rows of the former
                // one.
                boolean outdated = data.isOutdated(task.view());
                if (!outdated) {
                    assertThat(differing)
                            .as("I2: %s is called unchanged", task.view())
                            .isEmpty();
                }
                db.unchanged(task, outdated ? db.contents.get(task.view()) : content, snapshot);
                counts.unchanged++;
                if (lost) {
                    fail(task, Failure.Kind.TRANSIENT);
                } else {
                    end(task, new RefreshOutcome.Unchanged(snapshot));
                }
            } else {
                fail(task, Failure.Kind.TRANSIENT);
            }
        });
        ask(task, waiting);
    }

    /** Has the log read up to the snapshot of a round, for one of its views. @param answered is given none if the rows are not known */
    void askFor(RefreshTask task, Consumer<Optional<List<KeyLookup>>> answered) {
        Consumer<Action.Later> waiting = later -> answered.accept(later.lookups());
        waitingLookUps.put(task.view(), waiting);
        daemon.unlessCrashed(PATIENCE, () -> {
            if (waitingLookUps.remove(task.view(), waiting)) {
                answered.accept(Optional.empty());
            }
        });
        Event asked = new Event.LaterAsked(task.view(), db.endOfLog());
        daemon.unlessCrashed(timeline.below(3), () -> daemon.handle(asked));
    }

    private void ask(RefreshTask task, Consumer<Action.Later> waiting) {
        waitingLookUps.put(task.view(), waiting);
        // No answer comes if the view was created again meanwhile.
        daemon.unlessCrashed(PATIENCE, () -> {
            if (waitingLookUps.remove(task.view(), waiting)) {
                if (current(task).oid() == task.oid()) {
                    refresh(task, current(task), db.snapshot());
                } else {
                    end(task, new RefreshOutcome.Gone());
                }
            }
        });
        Event asked = new Event.LaterAsked(task.view(), db.endOfLog());
        daemon.unlessCrashed(timeline.below(3), () -> daemon.handle(asked));
    }

    private static boolean differs(List<KeyLookup> lookups, Set<Integer> differing) {
        return lookups.stream()
                .flatMap(lookup -> lookup.keys().stream())
                .anyMatch(key -> differing.contains(Integer.parseInt(key.getFirst())));
    }

    private void refresh(RefreshTask task, SimulatedView view, Snapshot snapshot) {
        refresh(task, view, snapshot, db.query(view));
    }

    private void refresh(RefreshTask task, SimulatedView view, Snapshot snapshot, Content content) {
        db.locked.add(task.view());
        db.inFlight.put(task.view(), content);
        Duration needed = Duration.ofMillis(timeline.below(timeline.chance(10) ? 5_000 : 150));
        boolean late =
                task.timeLimit().filter(limit -> needed.compareTo(limit) > 0).isPresent();
        Duration duration = late ? task.timeLimit().orElseThrow().plusMillis(1) : needed;
        boolean upToDate = data.refreshBringsItUpToDate(view, daemon.ingest().knownViews());
        timeline.later(duration.toMillis(), () -> {
            boolean orphaned = !daemon.alive();
            // A server may still commit when its client has just died, but not once the next one has read the ledger.
            if (orphaned
                    && (db.ledgerReader != daemon
                            || timeline.random().nextBoolean()
                            || current(task).oid() != task.oid())) {
                return;
            }
            db.locked.remove(task.view());
            if (late) {
                counts.outOfTime++;
                end(task, new RefreshOutcome.OutOfTime(duration));
                return;
            }
            if (timeline.chance(5)) {
                fail(task, Failure.Kind.TRANSIENT);
                return;
            }
            boolean marked =
                    db.refresh(task, content, snapshot, duration, timeline.now().wall());
            if (upToDate && current(task).sameQuery(view)) {
                data.broughtUpToDate(task.view());
            }
            if (orphaned) {
                return;
            }
            if (timeline.chance(4)) {
                fail(task, Failure.Kind.TRANSIENT);
                return;
            }
            Instant at = timeline.now().wall();
            daemon.unlessCrashed(
                    timeline.below(5),
                    () -> daemon.handle(new Event.RefreshEnded(
                            task.view(),
                            new RefreshOutcome.Refreshed(snapshot, duration, Optional.empty(), marked, at))));
        });
    }

    private void fail(RefreshTask task, Failure.Kind kind) {
        end(task, failure(task, kind));
    }

    RefreshOutcome failure(RefreshTask task, Failure.Kind kind) {
        String state = variousCauses ? STATES.get((int) (task.covers() % STATES.size())) : STATES.getFirst();
        return new RefreshOutcome.Failed(
                new Failure(kind, state, "it failed", Remedy.text("remedy it")), Duration.ZERO);
    }

    private void end(RefreshTask task, RefreshOutcome outcome) {
        daemon.unlessCrashed(timeline.below(3), () -> daemon.handle(new Event.RefreshEnded(task.view(), outcome)));
    }
}
