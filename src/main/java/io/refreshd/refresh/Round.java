package io.refreshd.refresh;

import io.refreshd.catalog.DefinitionVersion;
import io.refreshd.database.OwnerSessions;
import io.refreshd.database.PlainSession;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.incremental.Way;
import io.refreshd.model.IncrementalStore;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
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
    private final RoundProof proof;
    private final OwnerSessions sessions;
    private final List<RoundMember> members;
    private final Supplier<Moment> clock;
    private final Set<Long> told;
    private final Map<RoundMember, RoundResult> results = new LinkedHashMap<>();
    private final RoundStack stack;
    private @Nullable RoundMember current;
    private boolean locked;
    private boolean mustBeRepeated;

    /**
     * @param transaction open, without a snapshot
     * @param members in the order of the oids of their tables, so that no two rounds wait for each other's locks
     * @param told by oid: views of whose rows the views that read them are known to have been told
     */
    Round(
            Handle transaction,
            RoundProof proof,
            OwnerSessions sessions,
            List<RoundMember> members,
            Supplier<Moment> clock,
            Set<Long> told) {
        this.transaction = transaction;
        this.proof = proof;
        this.sessions = sessions;
        this.members = members;
        this.clock = clock;
        this.told = told;
        this.stack = new RoundStack(transaction);
    }

    /** The view whose statements ran when the round failed; empty if they were not those of one view. */
    Optional<RoundMember> current() {
        return Optional.ofNullable(current);
    }

    /** Whether what was done must be rolled back, and the round be repeated without the views that have a result. */
    boolean mustBeRepeated() {
        return mustBeRepeated;
    }

    boolean isLocked() {
        return locked;
    }

    /** @param oneByOne whether to lock view by view: then it is known which of them failed, but each is a round trip */
    Map<RoundMember, RoundResult> run(RefreshLimits limits, LaterOfViews later, boolean oneByOne)
            throws SQLException, InterruptedException {
        lock(limits, oneByOne);
        Map<Long, Preparation> prepared = prepare(limits);
        Map<ViewId, Optional<List<KeyLookup>>> changes = later(later, prepared, () -> examine(prepared));
        if (mustBeRepeated) {
            return results;
        }
        for (RoundMember member : stack.begin(left())) {
            current = member;
            RoundResult result = stack.waits(member, members)
                    ? new RoundResult.Not(new RefreshOutcome.Deferred())
                    : corrected(member, changes.getOrDefault(member.view(), Optional.empty()));
            results.put(member, result);
            if (!(result instanceof RoundResult.Not)) {
                stack.corrected(member);
            }
        }
        current = null;
        stack.keepForOthers();
        Map<RoundMember, Obstacle> obstacles = proof.obstacles(results.entrySet().stream()
                .filter(entry -> entry.getValue() instanceof RoundResult.Corrected)
                .map(Map.Entry::getKey)
                .toList());
        refuse(obstacles);
        mustBeRepeated = !obstacles.isEmpty();
        return results;
    }

    /** Locks the tables, and whatever the definitions read: the server locks the relations of a view with the view. */
    private void lock(RefreshLimits limits, boolean oneByOne) {
        String begin =
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET LOCAL plan_cache_mode = force_generic_plan;"
                        + " SET LOCAL lock_timeout = '" + limits.lock().toMillis() + "ms'; " + PageCosts.IN_MEMORY;
        if (oneByOne || members.size() == 1) {
            transaction.execute(begin);
            for (RoundMember member : members) {
                current = member;
                transaction.execute(locks(List.of(member)));
            }
            current = null;
        } else {
            transaction.execute(begin + "; " + locks(members));
        }
        locked = true;
    }

    private static String locks(List<RoundMember> members) {
        List<IncrementalStore> names = members.stream()
                .flatMap(each -> each.layout().allNames().stream())
                .toList();
        return names.stream()
                        .map(each -> "ONLY " + SqlNames.qualified(each.store()))
                        .collect(Collectors.joining(", ", "LOCK TABLE ", " IN ROW EXCLUSIVE MODE; "))
                + names.stream()
                        .map(each -> SqlNames.qualified(each.definition()))
                        .collect(Collectors.joining(", ", "LOCK TABLE ", " IN ACCESS SHARE MODE"));
    }

    /** Takes the snapshot. */
    private Map<Long, Preparation> prepare(RefreshLimits limits) {
        Map<Long, Preparation> prepared = Preparation.in(transaction, oids(members), limits);
        for (RoundMember member : members) {
            Objects.requireNonNull(prepared.get(member.task().oid()))
                    .obstacleTo(member.task())
                    .ifPresent(obstacle -> results.put(member, new RoundResult.Not(obstacle)));
        }
        return prepared;
    }

    private static List<Long> oids(List<RoundMember> members) {
        return members.stream().map(member -> member.task().oid()).toList();
    }

    /** Reads what the snapshot shows of all views, and proves their statements meanwhile. */
    private void examine(Map<Long, Preparation> prepared) throws InterruptedException, SQLException {
        Map<RoundMember, Obstacle> obstacles = proof.obstacles(left(), () -> read(prepared));
        if (!mustBeRepeated) {
            obstacles.keySet().retainAll(left());
            refuse(obstacles);
        }
    }

    /**
     * One statement for each kind of thing, however many views there are. If a table or definition is not as the round took it to be,
     * perhaps something else was locked and proven.
     */
    private void read(Map<Long, Preparation> prepared) throws SQLException {
        Map<Long, StoreLayout> layouts = StoreLayout.read(transaction, oids(members));
        for (RoundMember member : left()) {
            StoreLayout now = layouts.get(member.task().oid());
            if (now == null) {
                results.put(member, new RoundResult.Not(new RefreshOutcome.Gone()));
            } else if (!now.equals(member.layout())) {
                mustBeRepeated = true;
            }
        }
        List<RoundMember> left = left();
        if (mustBeRepeated || left.isEmpty()) {
            return;
        }
        Connection connection = transaction.getConnection();
        Map<Long, String> versions = DefinitionVersion.of(
                connection,
                left.stream()
                        .collect(Collectors.toMap(
                                member -> member.task().oid(),
                                member -> List.of(
                                        member.layout().definitionOid(),
                                        member.layout().storeOid()))));
        Map<Long, PlainSession> owners = sessions.of(connection, oids(left));
        for (RoundMember member : left) {
            long oid = member.task().oid();
            PlainSession owner = owners.get(oid);
            if (owner == null) {
                results.put(member, new RoundResult.Not(new RefreshOutcome.Gone()));
            } else {
                member.prepared(
                        Objects.requireNonNull(prepared.get(oid)).snapshot(), versions.getOrDefault(oid, ""), owner);
            }
        }
    }

    private List<RoundMember> left() {
        return members.stream().filter(each -> !results.containsKey(each)).toList();
    }

    /** Has the log read up to the snapshot, and does the other work meanwhile. */
    private Map<ViewId, Optional<List<KeyLookup>>> later(
            LaterOfViews later, Map<Long, Preparation> prepared, LaterOfViews.Work meanwhile)
            throws InterruptedException, SQLException {
        List<RoundMember> byKeys =
                left().stream().filter(member -> !member.task().refreshesAll()).toList();
        if (byKeys.isEmpty()) {
            meanwhile.run();
            return Map.of();
        }
        Lsn position = Objects.requireNonNull(
                        prepared.get(byKeys.getFirst().task().oid()))
                .position();
        return later.upTo(byKeys.stream().map(RoundMember::view).toList(), position, meanwhile);
    }

    /** The views that read this one and were brought up to date with it. */
    Set<ViewId> carried(RoundMember member) {
        return stack.carried(member);
    }

    private RoundResult corrected(RoundMember member, Optional<List<KeyLookup>> later) throws SQLException {
        if (member.isAltered()) {
            return new RoundResult.Not(new RefreshOutcome.Altered());
        }
        long start = clock.get().nanos();
        RoundStack.Below below = stack.below(member);
        Way way = member.way(later, below);
        if (way instanceof Way.Everything all && !member.mayRecomputeAll()) {
            // Keys that came too late, or will never be known: the next round tells which.
            return new RoundResult.Not(
                    member.goesByKeys() && later.isEmpty()
                            ? RoundRefusals.unread(member.view())
                            : RoundRefusals.forbidden(member.view(), all.reason()));
        }
        if (way instanceof Way.Everything all && members.size() > 1 && !member.takesAsAWholeAtMost(QUICK)) {
            return new RoundResult.Not(new RefreshOutcome.NeedsAllRows(all.reason()));
        }
        if (member.idles(way) && !below.kept() && told.contains(member.task().oid())) {
            return new RoundResult.Idle();
        }
        long rowsChanged = member.apply(way);
        if (below.kept()) {
            stack.forget(member);
        }
        Duration time = Duration.ofNanos(clock.get().nanosSince(start));
        member.took(way, time);
        return new RoundResult.Corrected(rowsChanged, member.mapsChanged() || below.kept(), way, time);
    }

    private void refuse(Map<RoundMember, Obstacle> obstacles) {
        obstacles.forEach((member, obstacle) ->
                results.put(member, new RoundResult.Not(RoundRefusals.refused(member.view(), obstacle))));
    }
}
