package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Failure;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.UpstreamRows;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.schedule.SimulatedDatabase.Missed;
import io.refreshd.schedule.SimulatedView.Content;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;

/**
 * Model of one round of incremental views that read each other: each is corrected after those that it reads, by the rows that changed in
 * tables, those that the round has changed below it, and those that earlier rounds have kept for it.
 */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
final class SimulatedRound {
    private final SimulatedRefresher refresher;
    private final Timeline timeline;
    private final SimulatedDatabase db;
    private final DataOracle data;
    private final Counts counts;
    private final List<RefreshTask> tasks;
    private final Snapshot snapshot;
    private final Map<ViewId, RefreshOutcome> outcomes = new TreeMap<>();
    /** The views of the round that have no outcome yet, each after those that it reads. */
    private final Map<ViewId, Member> members = new LinkedHashMap<>();
    /** Those that hold what their definitions give; of each the rows that changed. Empty: any row may have. */
    private final Map<ViewId, Optional<Set<Integer>>> corrected = new LinkedHashMap<>();

    private int unanswered;

    /** @param seen what earlier rounds have kept for the view, as the snapshot shows it */
    private record Member(RefreshTask task, SimulatedView view, Content content, List<Missed> seen, boolean upToDate) {}

    SimulatedRound(SimulatedRefresher refresher, List<RefreshTask> tasks) {
        this.refresher = refresher;
        this.timeline = refresher.timeline;
        this.db = refresher.db;
        this.data = refresher.data;
        this.counts = refresher.counts;
        this.tasks = refresher.upstreamFirst(tasks);
        this.snapshot = db.snapshot();
    }

    /** Locks, takes the snapshot, and asks for the changes that the snapshot sees. */
    void begin() {
        Map<ViewId, Content> read = new TreeMap<>();
        for (RefreshTask task : tasks) {
            SimulatedView view = db.views.get(task.view());
            obstacle(task, view)
                    .ifPresentOrElse(
                            outcome -> outcomes.put(task.view(), outcome),
                            () -> members.put(task.view(), member(task, view, read)));
        }
        List<RefreshTask> byKeys = members.values().stream()
                .map(Member::task)
                .filter(task -> !task.refreshesAll())
                .toList();
        unanswered = byKeys.size();
        if (byKeys.isEmpty()) {
            apply(Map.of());
        }
        Map<ViewId, Optional<List<KeyLookup>>> later = new TreeMap<>();
        byKeys.forEach(task -> refresher.askFor(task, rows -> {
            later.put(task.view(), rows);
            unanswered--;
            if (unanswered == 0) {
                refresher.daemon.unlessCrashed(timeline.below(3), () -> apply(later));
            }
        }));
    }

    private Optional<RefreshOutcome> obstacle(RefreshTask task, SimulatedView view) {
        Optional<Xid> unseen = task.awaited().unseenBy(snapshot).stream().findFirst();
        if (view.oid() != task.oid()) {
            return Optional.of(new RefreshOutcome.Gone());
        } else if (unseen.isPresent()) {
            return Optional.of(new RefreshOutcome.NotVisibleYet(unseen.get()));
        } else if (timeline.chance(5)) {
            return Optional.of(
                    refresher.failure(task, timeline.chance(20) ? Failure.Kind.PERMANENT : Failure.Kind.TRANSIENT));
        }
        return waits(task) ? Optional.of(new RefreshOutcome.Deferred()) : Optional.empty();
    }

    /** Whether a view that this one reads takes part and cannot be brought up to date. */
    private boolean waits(RefreshTask task) {
        boolean waits = upstream(task)
                .anyMatch(id -> outcomes.containsKey(id) && !(outcomes.get(id) instanceof RefreshOutcome.Refreshed));
        counts.deferred += waits ? 1 : 0;
        return waits;
    }

    private static Stream<ViewId> upstream(RefreshTask task) {
        return task.basis().stack().upstream().stream().map(UpstreamRows::view);
    }

    private Member member(RefreshTask task, SimulatedView view, Map<ViewId, Content> read) {
        Content content = db.query(view, read);
        read.put(task.view(), content);
        db.locked.add(task.view());
        db.inFlight.put(task.view(), content);
        List<Missed> seen = view.upstream().stream()
                .flatMap(id -> db.missed(view, db.views.get(id)).stream())
                .toList();
        Set<ViewId> before = members.values().stream()
                .filter(Member::upToDate)
                .map(member -> member.task().view())
                .collect(Collectors.toSet());
        boolean upToDate =
                data.refreshBringsItUpToDate(view, refresher.daemon.ingest().knownViews(), before);
        return new Member(task, view, content, seen, upToDate);
    }

    /** @param later for the views that go by keys the rows that changed since the task was made; empty: not known */
    private void apply(Map<ViewId, Optional<List<KeyLookup>>> later) {
        for (Member member : List.copyOf(members.values())) {
            RefreshTask task = member.task();
            Optional<RefreshOutcome> not = waits(task)
                    ? Optional.of(new RefreshOutcome.Deferred())
                    : correct(member, later.getOrDefault(task.view(), Optional.empty()));
            not.ifPresent(outcome -> {
                outcomes.put(task.view(), outcome);
                members.remove(task.view());
                db.locked.remove(task.view());
            });
        }
        Duration duration = Duration.ofMillis(timeline.below(timeline.chance(10) ? 5_000 : 150));
        timeline.later(duration.toMillis(), () -> commit(duration));
    }

    /** @return the outcome if nothing is to be committed of the view */
    private Optional<RefreshOutcome> correct(Member member, Optional<List<KeyLookup>> later) {
        RefreshTask task = member.task();
        Content before = db.contents.get(task.view());
        List<Optional<Set<Integer>>> below = new ArrayList<>();
        member.seen().forEach(missed -> below.add(missed.rows()));
        upstream(task).filter(corrected::containsKey).forEach(id -> below.add(corrected.get(id)));
        boolean everything = task.refreshesAll()
                || later.isEmpty()
                || !task.definitionIs(member.view().definition())
                || below.stream().anyMatch(Optional::isEmpty);
        if (everything && tasks.size() > 1 && !timeline.chance(30)) {
            counts.takenOut++;
            return Optional.of(new RefreshOutcome.NeedsAllRows("not all rows are known"));
        }
        Set<Integer> differing = db.rows.differing(member.content(), before);
        if (!everything) {
            Set<Integer> carried = new HashSet<>();
            below.forEach(rows -> carried.addAll(rows.orElseThrow()));
            counts.carried += carried.isEmpty() ? 0 : 1;
            counts.caughtUp += member.seen().isEmpty() ? 0 : 1;
            Set<Integer> recomputed = SimulatedRefresher.keys(task.lookups());
            recomputed.addAll(SimulatedRefresher.keys(later.orElseThrow()));
            recomputed.addAll(carried);
            assertThat(recomputed)
                    .as("I2: rows of %s that a round recomputes", task.view())
                    .containsAll(differing);
            if (recomputed.isEmpty()
                    && member.seen().isEmpty()
                    && task.basis().stack().accompanies()
                    && refresher.told.contains(task.oid())) {
                corrected.put(task.view(), Optional.of(Set.of()));
                return Optional.of(new RefreshOutcome.Deferred());
            }
        }
        counts.everything += everything ? 1 : 0;
        counts.rounds += everything ? 0 : 1;
        // Of tables that the view no longer reads the rows are not known.
        boolean known = member.content().tables().equals(before.tables());
        corrected.put(task.view(), known ? Optional.of(differing) : Optional.empty());
        return Optional.empty();
    }

    private void commit(Duration duration) {
        boolean orphaned = !refresher.daemon.alive();
        // A server may still commit when its client has just died, but not once the next one has read the ledger.
        boolean commits = !orphaned
                || (db.ledgerReader == refresher.daemon && timeline.random().nextBoolean());
        if (!orphaned) {
            members.keySet().forEach(db.locked::remove);
        }
        boolean same = members.values().stream()
                .allMatch(member -> db.views.get(member.task().view()).sameQuery(member.view()));
        if (!commits || !same) {
            if (!orphaned) {
                failAll();
            }
            return;
        }
        List<Missed> seen = members.values().stream()
                .flatMap(member -> member.seen().stream())
                .toList();
        if (timeline.chance(5) || !db.forget(seen)) {
            failAll();
            return;
        }
        members.values().forEach(this::keepForOthers);
        boolean ledger = !timeline.chance(orphaned ? 50 : 5);
        boolean lost = timeline.chance(4);
        for (Member member : members.values()) {
            Optional<Set<Integer>> rows = corrected.get(member.task().view());
            if (rows.equals(Optional.of(Set.of()))) {
                db.noRowChanges(member.task().view(), member.content());
            } else {
                refresher.told.remove(member.task().oid());
            }
            if (ledger) {
                record(member, duration);
            } else {
                db.rowsOnly(member.task().view(), member.content());
            }
        }
        if (!ledger && !orphaned && timeline.chance(50)) {
            counts.untold++;
            refresher.daemon.kill();
        } else if (!ledger || lost) {
            failAll();
        } else {
            end();
        }
    }

    /** Keeps the changed rows for the views that read this one and are not corrected. */
    private void keepForOthers(Member member) {
        Optional<Set<Integer>> rows = corrected.get(member.task().view());
        if (rows.equals(Optional.of(Set.of()))) {
            return;
        }
        for (UpstreamRows.Reader reader : member.task().basis().stack().readers()) {
            if (!corrected.containsKey(reader.view())) {
                db.keep(reader, member.task().oid(), timeline.chance(20) ? Optional.empty() : rows);
            }
        }
    }

    private void record(Member member, Duration duration) {
        RefreshTask task = member.task();
        Set<ViewId> carried =
                task.downstream().stream().filter(corrected::containsKey).collect(Collectors.toSet());
        boolean marked = db.refresh(
                task.withoutDownstream(carried),
                member.content(),
                snapshot,
                duration,
                timeline.now().wall(),
                !refresher.told.contains(task.oid()));
        refresher.told.add(task.oid());
        if (member.upToDate()) {
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
                        carried));
    }

    private void failAll() {
        members.values()
                .forEach(member ->
                        outcomes.put(member.task().view(), refresher.failure(member.task(), Failure.Kind.TRANSIENT)));
        end();
    }

    private void end() {
        refresher.daemon.unlessCrashed(
                timeline.below(5),
                () -> outcomes.forEach(
                        (view, outcome) -> refresher.daemon.handle(new Event.RefreshEnded(view, outcome))));
    }
}
