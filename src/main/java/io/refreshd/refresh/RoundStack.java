package io.refreshd.refresh;

import io.refreshd.ledger.MissedRows;
import io.refreshd.ledger.MissedRows.Missed;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.RoundBasis;
import io.refreshd.model.UpstreamRows;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * The views of a {@link Round} that read each other: each is corrected after those that it reads, by the rows that the round has changed in
 * them and by those that earlier rounds have kept for it.
 *
 * <p>Invariant: what a view lacks of another one is in {@code refreshd.missed_rows}, as far as the round's snapshot sees the changed rows.
 *
 * <p>Thread: the one that owns the connection.
 */
final class RoundStack {
    private final Handle transaction;
    private final Map<ViewId, RoundMember> corrected = new HashMap<>();
    private Map<Long, List<Missed>> missed = Map.of();

    RoundStack(Handle transaction) {
        this.transaction = transaction;
    }

    /**
     * Rows of other views that changed.
     *
     * @param lookups how they lead to rows of the view that reads them
     * @param everything why all rows have to be recomputed instead
     * @param kept whether earlier rounds have kept any of them
     */
    record Below(List<KeyLookup> lookups, Optional<String> everything, boolean kept) {
        static final Below NOTHING = new Below(List.of(), Optional.empty(), false);
    }

    /** Reads what earlier rounds have kept for the members. @return the members, each after those that it reads */
    List<RoundMember> begin(List<RoundMember> members) {
        List<Long> readers = members.stream()
                .filter(member -> !stack(member).upstream().isEmpty())
                .map(member -> member.task().oid())
                .toList();
        missed = readers.isEmpty() ? Map.of() : MissedRows.find(transaction, readers);
        Map<ViewId, RoundMember> byName = new HashMap<>();
        members.forEach(member -> byName.put(member.view(), member));
        Set<RoundMember> ordered = new LinkedHashSet<>();
        members.forEach(member -> add(member, byName, ordered, new HashSet<>()));
        return List.copyOf(ordered);
    }

    private static void add(
            RoundMember member, Map<ViewId, RoundMember> byName, Set<RoundMember> ordered, Set<RoundMember> open) {
        if (ordered.contains(member) || !open.add(member)) {
            return;
        }
        for (UpstreamRows upstream : stack(member).upstream()) {
            RoundMember below = byName.get(upstream.view());
            if (below != null) {
                add(below, byName, ordered, open);
            }
        }
        ordered.add(member);
    }

    private static RoundBasis.Stack stack(RoundMember member) {
        return member.task().basis().stack();
    }

    /** The view holds what its definition gives in the round's snapshot. */
    void corrected(RoundMember member) {
        corrected.put(member.view(), member);
    }

    /** The rows that changed in what the view reads. */
    Below below(RoundMember member) {
        List<KeyLookup> lookups = new ArrayList<>();
        boolean kept = missed.containsKey(member.task().oid());
        for (UpstreamRows upstream : stack(member).upstream()) {
            List<Missed> missedOfIt = missed.getOrDefault(member.task().oid(), List.of()).stream()
                    .filter(one -> one.upstream() == upstream.oid())
                    .toList();
            RoundMember below = corrected.get(upstream.view());
            boolean changed = below != null && below.told().isPresent();
            if (missedOfIt.isEmpty() && !changed) {
                continue;
            }
            Optional<String> everything = lookups(upstream, missedOfIt, changed ? below : null, lookups);
            if (everything.isPresent()) {
                return new Below(List.of(), everything, kept);
            }
        }
        return lookups.isEmpty() && !kept ? Below.NOTHING : new Below(lookups, Optional.empty(), kept);
    }

    /** @return why all rows have to be recomputed instead */
    private static Optional<String> lookups(
            UpstreamRows upstream, List<Missed> missed, @Nullable RoundMember below, List<KeyLookup> found) {
        if (upstream.paths().isEmpty()) {
            return Optional.of("rows of " + upstream.view() + " changed: " + upstream.everything());
        }
        for (Missed one : missed) {
            List<UpstreamRows.Path> paths = upstream.paths().stream()
                    .filter(path -> one.columns().equals(Optional.of(path.columns())))
                    .toList();
            if (paths.isEmpty()) {
                return Optional.of("not all rows of " + upstream.view() + " that changed were kept");
            }
            paths.forEach(path -> found.add(lookup(path, one.keys())));
        }
        for (UpstreamRows.Path path : upstream.paths()) {
            if (below != null) {
                Optional<Set<List<String>>> keys = below.told().flatMap(told -> told.of(path.columns()));
                if (keys.isEmpty()) {
                    return Optional.of("not all rows of " + upstream.view() + " that changed are known");
                }
                found.add(lookup(path, keys.get()));
            }
        }
        return Optional.empty();
    }

    /** To what a join compares, NULL is equal to nothing. */
    private static KeyLookup lookup(UpstreamRows.Path path, Set<List<String>> keys) {
        return path.lookup()
                .withKeys(
                        path.lookup().joins().isEmpty()
                                ? keys
                                : keys.stream()
                                        .filter(key -> key.stream().allMatch(Objects::nonNull))
                                        .collect(Collectors.toSet()));
    }

    /** Whether a view that this one reads takes part in the round and could not be corrected. */
    boolean waits(RoundMember member, Collection<RoundMember> members) {
        return stack(member).upstream().stream()
                .anyMatch(upstream -> !corrected.containsKey(upstream.view())
                        && members.stream().anyMatch(below -> below.view().equals(upstream.view())));
    }

    /** Deletes what earlier rounds have kept for the view, which is corrected now. */
    void forget(RoundMember member) {
        MissedRows.delete(transaction, member.task().oid());
    }

    /** Keeps the changed rows for the views that read them and are not corrected. */
    void keepForOthers() throws SQLException {
        for (RoundMember member : corrected.values()) {
            Optional<ToldRows> told = member.told();
            for (UpstreamRows.Reader reader : stack(member).readers()) {
                if (told.isPresent() && !corrected.containsKey(reader.view())) {
                    MissedRows.add(
                            transaction,
                            reader.oid(),
                            member.task().oid(),
                            told.get().of(reader),
                            reader.mayRun());
                }
            }
        }
    }

    /** The views that read this one and hold what their definitions give in the same snapshot. */
    Set<ViewId> carried(RoundMember member) {
        return member.task().downstream().stream()
                .filter(corrected::containsKey)
                .collect(Collectors.toSet());
    }

    /** A view whose task counts on another one being brought up to date with it is taken out with that one. */
    static void deferReaders(List<RefreshTask> left, Map<ViewId, RefreshOutcome> outcomes) {
        boolean more = true;
        while (more) {
            more = false;
            for (RefreshTask task : left) {
                boolean waits = task.basis().stack().upstream().stream()
                        .map(upstream -> outcomes.get(upstream.view()))
                        .anyMatch(outcome -> outcome != null && !(outcome instanceof RefreshOutcome.Refreshed));
                if (waits && !outcomes.containsKey(task.view())) {
                    outcomes.put(task.view(), new RefreshOutcome.Deferred());
                    more = true;
                }
            }
        }
    }
}
