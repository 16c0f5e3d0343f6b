package io.refreshd.refresh;

import io.refreshd.catalog.OwnerAccess;
import io.refreshd.catalog.TrustedCode;
import io.refreshd.database.PlainSession;
import io.refreshd.incremental.Way;
import io.refreshd.model.Failure;
import io.refreshd.model.KeyProbe;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/**
 * The part of a round that runs in one transaction and makes the rows of incremental views what their definitions give.
 *
 * <p>Invariant: the rows of all views are what their definitions give in the transaction's one snapshot, so that views which are read
 * together agree. The keys of all changes that the snapshot sees are known: the log is read up to a position that was taken after the
 * snapshot.
 *
 * <p>Invariant: the relations are locked before the snapshot is taken. A table that is truncated after a snapshot looks empty in it.
 *
 * <p>Invariant: what the statements run is proven before the first of them and once more after the last one. Whoever brings in code of
 * his own between the proof and the plan cannot take it out again before the second proof, since the tables are locked; so what the code
 * wrote is rolled back.
 *
 * <p>Thread: the one that owns the connection.
 */
final class Round {
    /** What takes longer, to recompute all rows of a view, would delay the other views of the round by more than they wait anyway. */
    private static final Duration QUICK = Duration.ofMillis(100);

    private final Handle transaction;
    private final Jdbi others;
    private final List<RoundMember> members;
    private final Supplier<Moment> clock;
    private final Map<RoundMember, Result> results = new LinkedHashMap<>();
    private @Nullable RoundMember current;
    private boolean mustBeRepeated;

    /**
     * @param transaction open, without a snapshot
     * @param others gives connections for proofs: in the transaction's snapshot a proof would be as old as the snapshot
     * @param members in the order of the oids of their tables, so that no two rounds wait for each other's locks
     */
    Round(Handle transaction, Jdbi others, List<RoundMember> members, Supplier<Moment> clock) {
        this.transaction = transaction;
        this.others = others;
        this.members = members;
        this.clock = clock;
    }

    /** What became of a view's rows; nothing is committed yet. */
    sealed interface Result {
        /** @param time that the statements of this view took */
        record Corrected(long rowsChanged, Way way, Duration time) implements Result {}

        record Not(RefreshOutcome outcome) implements Result {}
    }

    /** The view whose statements ran when the round failed; empty if they were not those of one view. */
    Optional<RoundMember> current() {
        return Optional.ofNullable(current);
    }

    /** Whether what was done must be rolled back, and the round be repeated without the views that have a result. */
    boolean mustBeRepeated() {
        return mustBeRepeated;
    }

    Map<RoundMember, Result> run(RefreshLimits limits, LaterOfViews later) throws SQLException, InterruptedException {
        transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        transaction.execute("SET LOCAL lock_timeout = '" + limits.lock().toMillis() + "ms'");
        for (RoundMember member : members) {
            current = member;
            member.lock();
        }
        for (RoundMember member : members) {
            current = member;
            member.prepare(limits).ifPresent(outcome -> results.put(member, new Result.Not(outcome)));
        }
        current = null;
        Map<ViewId, Optional<List<KeyProbe>>> changes = later(later);
        refuseUntrusted(left());
        for (RoundMember member : left()) {
            current = member;
            results.put(member, corrected(member, changes.getOrDefault(member.view(), Optional.empty())));
        }
        current = null;
        mustBeRepeated = refuseUntrusted(results.entrySet().stream()
                .filter(entry -> entry.getValue() instanceof Result.Corrected)
                .map(Map.Entry::getKey)
                .toList());
        return results;
    }

    private List<RoundMember> left() {
        return members.stream().filter(member -> !results.containsKey(member)).toList();
    }

    private Map<ViewId, Optional<List<KeyProbe>>> later(LaterOfViews later) throws InterruptedException {
        List<ViewId> byKeys = left().stream()
                .filter(RoundMember::goesByKeys)
                .map(RoundMember::view)
                .toList();
        if (byKeys.isEmpty()) {
            return Map.of();
        }
        // The position is read after the snapshot: every transaction that the snapshot sees committed before it.
        Lsn position = Lsn.parse(transaction
                .createQuery("SELECT pg_current_wal_insert_lsn()::text")
                .mapTo(String.class)
                .one());
        return later.upTo(byKeys, position);
    }

    private Result corrected(RoundMember member, Optional<List<KeyProbe>> later) throws SQLException {
        PlainSession session = member.session();
        long start = clock.get().nanos();
        Way way = member.way(later, session);
        if (way instanceof Way.Everything all && !member.mayRecomputeAll()) {
            // Keys that came too late, or will never be known: the next round tells which.
            return new Result.Not(
                    member.goesByKeys() && later.isEmpty()
                            ? unread(member.view())
                            : forbidden(member.view(), all.reason()));
        }
        if (way instanceof Way.Everything all && members.size() > 1 && !member.takesAsAWholeAtMost(QUICK)) {
            return new Result.Not(new RefreshOutcome.NeedsAllRows(all.reason()));
        }
        long rowsChanged = member.apply(way, session);
        Duration time = Duration.ofNanos(clock.get().nanosSince(start));
        member.took(way, time);
        return new Result.Corrected(rowsChanged, way, time);
    }

    /** @return whether a view was refused, which is its result then */
    private boolean refuseUntrusted(List<RoundMember> asked) throws SQLException {
        if (asked.isEmpty()) {
            return false;
        }
        boolean any = false;
        try (Handle other = others.open()) {
            Optional<Obstacle> inAny = untrustedCode(other, asked);
            for (RoundMember member : asked) {
                Optional<Obstacle> code = inAny.isEmpty() ? inAny : untrustedCode(other, List.of(member));
                Optional<Obstacle> refused = code.isPresent()
                        ? code
                        : OwnerAccess.obstacle(
                                other.getConnection(),
                                member.task().oid(),
                                member.layout().definitionOid());
                refused.ifPresent(obstacle -> results.put(member, new Result.Not(refused(member.view(), obstacle))));
                any |= refused.isPresent();
            }
            if (inAny.isPresent() && !any) {
                // It was found in reach of all together, and no longer in reach of any: none is believed.
                asked.forEach(member -> results.put(member, new Result.Not(refused(member.view(), inAny.get()))));
                any = true;
            }
        }
        return any;
    }

    private static Optional<Obstacle> untrustedCode(Handle other, List<RoundMember> members) throws SQLException {
        return TrustedCode.obstacle(
                other.getConnection(),
                members.stream()
                        .flatMap(member -> member.layout().oids().stream())
                        .toList(),
                TrustedCode.Use.ROWS);
    }

    private static RefreshOutcome unread(ViewId view) {
        return new RefreshOutcome.Failed(
                new Failure(
                        Failure.Kind.TRANSIENT, "", "the log was not read in time for a round of " + view, Remedy.NONE),
                Duration.ZERO);
    }

    private static RefreshOutcome forbidden(ViewId view, String reason) {
        return new RefreshOutcome.Failed(
                new Failure(
                        Failure.Kind.PERMANENT,
                        "",
                        "all rows of " + view + " would have to be recomputed, which full-recompute: never forbids: "
                                + reason,
                        Remedy.text("refreshd refresh " + view + " recomputes them once")),
                Duration.ZERO);
    }

    private static RefreshOutcome refused(ViewId view, Obstacle untrusted) {
        return new RefreshOutcome.Failed(
                new Failure(
                        Failure.Kind.PERMANENT,
                        "",
                        "the rows of " + view + " are not recomputed: " + untrusted.what(),
                        untrusted.remedy().and("then refreshd resume " + view),
                        untrusted.said()),
                Duration.ZERO);
    }
}
