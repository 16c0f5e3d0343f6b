package io.refreshd.refresh;

import io.refreshd.ledger.LeaseLostException;
import io.refreshd.ledger.RefreshWrites;
import io.refreshd.model.Confidential;
import io.refreshd.model.Failure;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/**
 * Refreshes the views of a group in one snapshot, so that they agree afterwards: all of them, or none.
 *
 * <p>The rows need REPEATABLE READ, so the ledger is written in another transaction right after them, for the reason that {@link
 * IncrementalRefresher} gives.
 *
 * <p>Invariant: between the two transactions, and after a crash there, the ledger claims less than the views hold. It takes the views for
 * refreshed by somebody else then, so that whatever reads them is refreshed.
 *
 * <p>Thread: workers of the scheduler call {@link #refresh}, several at a time for different views.
 */
final class GroupRefresher {
    /** How often the views are refreshed in vain, because others change in between what they read. */
    private static final int MOST_ATTEMPTS = 3;

    private static final String SERIALIZATION_FAILURE = "40001";
    /** A message names so many views of a group. */
    private static final int MOST_NAMES = 5;

    private final Jdbi jdbi;
    private final RoutedCatalog routed;
    private final long lease;
    private final RefreshLimits limits;
    private final Supplier<Moment> clock;
    private final Function<Lsn, Optional<Instant>> commitTimes;
    private final RunningStatements running;
    private final RefreshAttempts attempts;
    private final LockedRelations relations;
    private final RoundLedger ledger;

    GroupRefresher(
            Jdbi jdbi,
            long lease,
            RefreshLimits limits,
            Supplier<Moment> clock,
            Function<Lsn, Optional<Instant>> commitTimes,
            RunningStatements running,
            RefreshAttempts attempts,
            ViewNotifications notifications,
            RoutedCatalog routed) {
        this.routed = routed;
        this.jdbi = jdbi;
        this.lease = lease;
        this.limits = limits;
        this.clock = clock;
        this.commitTimes = commitTimes;
        this.running = running;
        this.attempts = attempts;
        this.relations = new LockedRelations(jdbi);
        this.ledger = new RoundLedger(lease, notifications);
    }

    /** @return the outcome of each task */
    Map<ViewId, RefreshOutcome> refresh(List<RefreshTask> tasks) {
        for (int left = MOST_ATTEMPTS - 1; ; left--) {
            Attempt attempt = new Attempt(tasks);
            try {
                Optional<Map<ViewId, RefreshOutcome>> outcomes = attempt.run();
                if (outcomes.isPresent()) {
                    return outcomes.get();
                }
                if (left == 0) {
                    return attempt.interfered();
                }
            } catch (GaveWayException | LeaseLostException | InterruptedException | JdbiException e) {
                if (left == 0 || !attempt.othersRefreshed(e)) {
                    return attempt.failed(e);
                }
            }
        }
    }

    /**
     * The tasks by their oids, but each after those of the views that it reads: it finds there what the transaction has written. No view
     * reads itself.
     */
    private static List<RefreshTask> upstreamFirst(List<RefreshTask> tasks) {
        Map<ViewId, RefreshTask> byView = new HashMap<>();
        tasks.forEach(task -> byView.put(task.view(), task));
        Map<ViewId, Integer> waitsFor = new HashMap<>();
        tasks.forEach(task -> task.downstream().forEach(reader -> waitsFor.merge(reader, 1, Integer::sum)));
        Queue<RefreshTask> next = new PriorityQueue<>(Comparator.comparingLong(RefreshTask::oid));
        tasks.stream().filter(task -> !waitsFor.containsKey(task.view())).forEach(next::add);
        List<RefreshTask> ordered = new ArrayList<>();
        while (!next.isEmpty()) {
            RefreshTask task = next.remove();
            ordered.add(task);
            for (ViewId reader : task.downstream()) {
                if (waitsFor.merge(reader, -1, Integer::sum) == 0 && byView.containsKey(reader)) {
                    next.add(byView.get(reader));
                }
            }
        }
        return ordered;
    }

    /** One attempt at refreshing the group. */
    private final class Attempt {
        /** Always in the same order, so that no two refreshes wait for each other's locks. */
        private final List<RefreshTask> tasks;

        private final long start = clock.get().nanos();
        /** Looked up now: by the end of a long refresh the commit time of an old position is no longer known. */
        private final Map<ViewId, Instant> times = new HashMap<>();

        private final GroupTransaction rows;

        Attempt(List<RefreshTask> tasks) {
            this.tasks = upstreamFirst(tasks);
            this.rows = new GroupTransaction(this.tasks, lease, limits, relations, routed);
            for (RefreshTask task : tasks) {
                task.routed().flatMap(commitTimes).ifPresent(time -> times.put(task.view(), time));
            }
        }

        private Duration duration() {
            return attempts.since(start);
        }

        /** @return empty if others have changed in between what the views read, so that it was in vain */
        Optional<Map<ViewId, RefreshOutcome>> run() throws InterruptedException {
            if (running.cancelled()) {
                throw new InterruptedException();
            }
            try (Handle handle = jdbi.open()) {
                GroupTransaction.Result result;
                try {
                    result = running.track(handle, tasks.getFirst().view(), () -> rows.run(handle));
                } finally {
                    AdvisoryLocks.release(handle);
                }
                return switch (result) {
                    case GroupTransaction.Result.InVain inVain -> Optional.empty();
                    case GroupTransaction.Result.Not not -> Optional.of(allDeferredBut(not.outcomes()));
                    case GroupTransaction.Result.Committed committed -> Optional.of(recorded(handle, committed));
                };
            }
        }

        private Map<ViewId, RefreshOutcome> allDeferredBut(Map<ViewId, RefreshOutcome> outcomes) {
            Map<ViewId, RefreshOutcome> all = new HashMap<>(outcomes);
            tasks.forEach(task -> all.putIfAbsent(task.view(), new RefreshOutcome.Deferred()));
            return all;
        }

        private Map<ViewId, RefreshOutcome> recorded(Handle handle, GroupTransaction.Result.Committed committed) {
            Duration duration = duration();
            Set<ViewId> group = tasks.stream().map(RefreshTask::view).collect(Collectors.toSet());
            List<RefreshWrites.Written> views = tasks.stream()
                    .map(task -> committed.written(
                            task.withoutDownstream(group),
                            Optional.ofNullable(times.get(task.view())),
                            duration,
                            together(task)))
                    .toList();
            Set<ViewId> there = ledger.write(handle, views, committed.seen(), Optional.of(committed.transaction()));
            Map<ViewId, RefreshOutcome> outcomes = new HashMap<>();
            for (RefreshWrites.Written view : views) {
                ViewId id = view.task().view();
                attempts.succeeded(id);
                outcomes.put(
                        id,
                        there.contains(id)
                                ? new RefreshOutcome.Refreshed(
                                        committed.snapshot(),
                                        duration,
                                        view.rowsChanged(),
                                        view.downstream(),
                                        clock.get().wall(),
                                        Optional.empty(),
                                        group)
                                : new RefreshOutcome.Gone());
            }
            return outcomes;
        }

        /** Whether the error comes from somebody else's refresh of a view in between, and says nothing of the group. */
        boolean othersRefreshed(Exception problem) {
            try {
                return RefreshAttempts.isOfAView(problem) && relations.differ(rows.versions());
            } catch (JdbiException unknown) {
                problem.addSuppressed(unknown);
                return false;
            }
        }

        Map<ViewId, RefreshOutcome> failed(Exception problem) {
            RefreshTask culprit = (RefreshAttempts.isOfAView(problem) ? rows.current() : Optional.<RefreshTask>empty())
                    .orElse(tasks.getFirst());
            return failed(culprit, attempts.failure(culprit, problem, duration()));
        }

        Map<ViewId, RefreshOutcome> interfered() {
            RefreshTask first = tasks.getFirst();
            Failure failure = new Failure(
                    Failure.Kind.TRANSIENT,
                    SERIALIZATION_FAILURE,
                    "others have refreshed or altered " + first.view() + " or what its group reads, " + MOST_ATTEMPTS
                            + " times while the group was refreshed",
                    Remedy.text(
                            "it is tried again; leave refreshes to refreshd, and alter what the group reads at another time"));
            attempts.record(first, failure, duration());
            return failed(first, new RefreshOutcome.Failed(failure, duration()));
        }

        /** The failure of one view is that of the group. */
        private Map<ViewId, RefreshOutcome> failed(RefreshTask culprit, RefreshOutcome outcome) {
            Map<ViewId, RefreshOutcome> outcomes = new LinkedHashMap<>();
            outcomes.put(culprit.view(), outcome);
            if (outcome instanceof RefreshOutcome.Failed failed) {
                Failure own = failed.failure();
                // What the server said may quote rows that only readers of the other view may see.
                Failure ofOthers = new Failure(
                        own.kind(),
                        own.sqlState(),
                        own.what() + "; " + together(culprit),
                        own.remedy(),
                        new Confidential("what the server said stands at " + culprit.view()));
                outcomes.put(
                        culprit.view(), new RefreshOutcome.Failed(ofOthers.withSaid(own.said()), failed.duration()));
                for (RefreshTask task : tasks) {
                    if (!task.equals(culprit)) {
                        attempts.recordUnlessLost(task, ofOthers, failed.duration());
                        outcomes.put(task.view(), new RefreshOutcome.FailedTogether(ofOthers));
                    }
                }
            }
            return outcomes;
        }

        private String together(RefreshTask task) {
            List<ViewId> others = tasks.stream()
                    .map(RefreshTask::view)
                    .filter(view -> !view.equals(task.view()))
                    .sorted()
                    .toList();
            String named =
                    others.stream().limit(MOST_NAMES).map(ViewId::toString).collect(Collectors.joining(", "));
            return "refreshed together with " + named
                    + (others.size() > MOST_NAMES ? " and " + (others.size() - MOST_NAMES) + " others" : "");
        }
    }
}
