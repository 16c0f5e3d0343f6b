package io.refreshd.refresh;

import io.refreshd.database.JdbiFactory;
import io.refreshd.database.OwnerSessions;
import io.refreshd.incremental.Way;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LeaseLostException;
import io.refreshd.ledger.RefreshWrites;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/**
 * Brings incremental views up to date, several in one round. Their rows are committed in one transaction, and the ledger's rows right
 * after it in another one.
 *
 * <p>The rows need REPEATABLE READ. Under that level a row of the ledger that capture has marked since the snapshot could not be written
 * at all, and a view whose tables change all the time would never get anywhere. Nor may the row be locked before the snapshot: capture
 * would wait for the round, and the round waits for capture to read the log.
 *
 * <p>Invariant: between the two transactions, and after a crash there, the ledger claims less than the view holds, never more. The view
 * is still dirty in the ledger, and the next round finds nothing to correct. The first transaction need not wait for the disk: if the
 * second is durable, the first is, for it stands before it in the log.
 *
 * <p>Invariant: views that read this one are marked with the second transaction if the first changed rows, and also if it is not known
 * that all earlier rounds got that far. That is known only of rounds of this object, so the first one of each view tells them, also if it
 * changes nothing.
 *
 * <p>Thread: workers of the scheduler call {@link #round}, several at a time for different views.
 */
final class IncrementalRefresher {
    private final Jdbi jdbi;
    private final long lease;
    private final RefreshLimits limits;
    private final Supplier<Moment> clock;
    private final Function<Lsn, Optional<Instant>> commitTimes;
    private final RunningStatements running;
    private final RefreshAttempts attempts;
    /** By oid: views whose present rows the views that read them have been told of. */
    private final Set<Long> told = ConcurrentHashMap.newKeySet();

    private final KnownViews known = new KnownViews();
    private final RoundProof proof;
    private final OwnerSessions sessions;
    private final RoundLedger ledger;

    IncrementalRefresher(
            Jdbi jdbi,
            long lease,
            RefreshLimits limits,
            Supplier<Moment> clock,
            Function<Lsn, Optional<Instant>> commitTimes,
            RunningStatements running,
            RefreshAttempts attempts,
            ViewNotifications notifications) {
        this.ledger = new RoundLedger(lease, notifications);
        this.jdbi = jdbi;
        this.lease = lease;
        this.limits = limits;
        this.clock = clock;
        this.commitTimes = commitTimes;
        this.running = running;
        this.attempts = attempts;
        LongSupplier nanos = () -> clock.get().nanos();
        this.proof = new RoundProof(JdbiFactory.ofCatalog(jdbi), nanos);
        this.sessions = new OwnerSessions(nanos);
    }

    /** @return the outcome of each task */
    Map<ViewId, RefreshOutcome> round(List<RefreshTask> tasks, LaterOfViews later) {
        Map<ViewId, RefreshOutcome> outcomes = new LinkedHashMap<>();
        List<RefreshTask> left = new ArrayList<>(tasks);
        boolean carefully = false;
        while (!left.isEmpty()) {
            Attempt attempt = new Attempt(left, later, carefully);
            try {
                outcomes.putAll(attempt.run());
            } catch (GaveWayException | LeaseLostException | InterruptedException | JdbiException e) {
                forgetWhatRoundsFound(left);
                if (!carefully && attempt.failedToLock(e)) {
                    carefully = true;
                    continue;
                }
                String state = RefreshAttempts.sqlState(e);
                if (attempt.culprit(e)
                        .filter(task -> StoreIdentity.give(jdbi, task.oid(), state))
                        .isPresent()) {
                    continue;
                }
                // A view that fails is taken out, and the round is repeated without it.
                List<RefreshTask> failed = attempt.culprit(e).map(List::of).orElse(List.copyOf(left));
                failed.forEach(task -> outcomes.put(task.view(), attempts.failure(task, e, attempt.duration())));
            }
            RoundStack.deferReaders(left, outcomes);
            left.removeIf(task -> outcomes.containsKey(task.view()));
        }
        return outcomes;
    }

    private void forgetWhatRoundsFound(List<RefreshTask> tasks) {
        known.forgetLayouts(tasks);
        sessions.forget();
    }

    /** The index without which each changed key of the view costs the reading of a whole table; empty if there is none. */
    Optional<Obstacle> missingIndex(long view) {
        return known.missingIndex(view);
    }

    /** One attempt at a round of several views. */
    private final class Attempt {
        private final List<RefreshTask> tasks;
        private final LaterOfViews later;
        private final boolean carefully;
        private final long start = clock.get().nanos();
        /** Looked up now: by the end of a long round the commit time of an old position is no longer known. */
        private final Map<ViewId, Instant> times = new HashMap<>();

        private final Map<ViewId, RefreshOutcome> outcomes = new LinkedHashMap<>();
        private final Map<ViewId, Way> ways = new HashMap<>();
        private final Map<ViewId, Set<ViewId>> carriedBy = new HashMap<>();
        private @Nullable Round round;

        /** @param carefully whether to lock view by view */
        Attempt(List<RefreshTask> tasks, LaterOfViews later, boolean carefully) {
            this.tasks = List.copyOf(tasks);
            this.later = later;
            this.carefully = carefully;
            for (RefreshTask task : tasks) {
                task.routed().flatMap(commitTimes).ifPresent(time -> times.put(task.view(), time));
            }
        }

        Duration duration() {
            return attempts.since(start);
        }

        /**
         * Whether the locks failed, which are taken for all views at once and by names that an earlier round found: so it is not known of
         * which view the failure is, or whether it is one.
         */
        boolean failedToLock(Exception problem) {
            boolean isCertain = tasks.size() == 1 && SqlStates.isOfLocks(RefreshAttempts.sqlState(problem));
            return RefreshAttempts.isOfAView(problem) && !isCertain && round != null && !round.isLocked();
        }

        /** The view whose statement failed; empty if the failure is that of all. */
        Optional<RefreshTask> culprit(Exception problem) {
            return RefreshAttempts.isOfAView(problem) && round != null
                    ? round.current().map(RoundMember::task)
                    : Optional.empty();
        }

        /** @return the outcomes of tasks that are done; the others have to be tried again */
        Map<ViewId, RefreshOutcome> run() throws InterruptedException {
            if (running.cancelled()) {
                throw new InterruptedException();
            }
            try (Handle handle = jdbi.open()) {
                Map<RoundMember, RoundResult> results =
                        running.track(handle, tasks.getFirst().view(), () -> correct(handle));
                List<RefreshWrites.Written> corrected = new ArrayList<>();
                results.forEach((member, result) -> {
                    switch (result) {
                        case RoundResult.Idle idle -> outcomes.put(member.view(), new RefreshOutcome.Deferred());
                        case RoundResult.Not not -> outcomes.put(member.view(), not(member.task(), not.outcome()));
                        case RoundResult.Corrected done -> corrected.add(recomputed(member, done, results.values()));
                    }
                });
                record(handle, corrected);
                return outcomes;
            }
        }

        private RefreshOutcome not(RefreshTask task, RefreshOutcome outcome) {
            if (outcome instanceof RefreshOutcome.Failed failed) {
                attempts.record(task, failed.failure(), duration());
                return new RefreshOutcome.Failed(failed.failure(), duration());
            }
            return outcome;
        }

        /** @return what is committed, and what needs no commit */
        private Map<RoundMember, RoundResult> correct(Handle handle) throws SQLException, InterruptedException {
            List<RoundMember> members =
                    known.members(handle, tasks, gone -> outcomes.put(gone.view(), new RefreshOutcome.Gone()));
            if (members.isEmpty()) {
                return Map.of();
            }
            handle.begin();
            try {
                Round begun = new Round(handle, proof, sessions, members, clock, told);
                round = begun;
                Map<RoundMember, RoundResult> results = new LinkedHashMap<>(begun.run(limits, later, carefully));
                if (begun.mustBeRepeated()) {
                    forgetWhatRoundsFound(tasks);
                    results.values().removeIf(result -> !(result instanceof RoundResult.Not));
                    return results;
                }
                commit(handle, results);
                return results;
            } finally {
                if (handle.isInTransaction()) {
                    handle.rollback();
                }
            }
        }

        private void commit(Handle handle, Map<RoundMember, RoundResult> results) {
            results.forEach((member, result) -> {
                if (result instanceof RoundResult.Corrected done && done.rowsChanged() > 0) {
                    told.remove(member.task().oid());
                }
            });
            if (results.values().stream().anyMatch(RoundResult::wrote)) {
                Lease.proveAndCommitWithoutWaiting(handle, lease);
                handle.commit();
            }
        }

        private RefreshWrites.Written recomputed(
                RoundMember member, RoundResult.Corrected done, Collection<RoundResult> all) {
            RefreshTask task = member.task();
            ways.put(task.view(), done.way());
            carriedBy.put(task.view(), carried(member));
            // What the other views took does not count: a round of this one alone would have lasted for the rest.
            RefreshTask alone = task.withoutDownstream(carried(member));
            Duration duration = duration().minus(RoundResult.timeOf(all)).plus(done.time());
            return new RefreshWrites.Written(
                    alone,
                    member.snapshot(),
                    Optional.ofNullable(times.get(task.view())),
                    duration.isNegative() ? Duration.ZERO : duration,
                    Optional.of(done.rowsChanged()),
                    !alone.downstream().isEmpty() && !(done.rowsChanged() == 0 && told.contains(task.oid())),
                    done.way().detail());
        }

        private Set<ViewId> carried(RoundMember member) {
            return round == null ? Set.of() : round.carried(member);
        }

        private void record(Handle handle, List<RefreshWrites.Written> corrected) {
            if (corrected.isEmpty()) {
                return;
            }
            Set<ViewId> there = ledger.write(handle, corrected, told, Optional.empty());
            for (RefreshWrites.Written view : corrected) {
                RefreshTask task = view.task();
                if (!there.contains(task.view())) {
                    outcomes.put(task.view(), new RefreshOutcome.Gone());
                    continue;
                }
                told.add(task.oid());
                attempts.succeeded(task.view());
                outcomes.put(
                        task.view(),
                        new RefreshOutcome.Refreshed(
                                view.snapshot(),
                                view.duration(),
                                view.rowsChanged(),
                                view.downstream(),
                                clock.get().wall(),
                                Optional.ofNullable(ways.get(task.view())).map(Way::recomputed),
                                carriedBy.getOrDefault(task.view(), Set.of())));
            }
        }
    }
}
