package io.refreshd.refresh;

import io.refreshd.database.PlainSession;
import io.refreshd.incremental.ClockSql;
import io.refreshd.incremental.KeyText;
import io.refreshd.incremental.WayChooser;
import io.refreshd.model.ClockBound;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * The bounds in time of one view in a {@link Round}: the rows that have passed one since the last round count as changed.
 *
 * <p>Invariant: the kept bounds are those by which the rows of the view were computed. They are written in the transaction that writes
 * the rows. A round in which no row has passed a bound need not write them: for such rows the former bounds say the same.
 *
 * <p>Invariant: it does not matter how time has passed. Both bounds are compared with each row, also if the clock was set back.
 *
 * <p>Thread: the one that owns the connection.
 */
final class ClockOfRound {
    private final Handle transaction;
    private final ClockSql sql;
    private final List<ClockBound> bounds;
    private boolean passed;
    private boolean moved;

    ClockOfRound(Handle transaction, long view, List<ClockBound> bounds) {
        this.transaction = transaction;
        this.sql = new ClockSql(view);
        this.bounds = bounds;
    }

    /** Why the rows that have passed a bound cannot be found; empty if they can. */
    Optional<String> obstacle(PlainSession session, ViewRounds known, ViewId view) throws SQLException {
        if (bounds.isEmpty()) {
            return Optional.empty();
        }
        List<Optional<String>> reasons = new ArrayList<>();
        List<Obstacle> missing = new ArrayList<>();
        session.query(transaction.getConnection(), sql.state(bounds), row -> {
            while (row.next()) {
                ClockBound bound = bounds.get(row.getInt(1));
                boolean found = row.getBoolean(3);
                reasons.add(
                        row.getBoolean(2)
                                ? Optional.empty()
                                : Optional.of("it is not known where its bounds in time were"));
                if (!found) {
                    missing.add(sql.missingIndex(bound));
                    reasons.add(Optional.of(sql.missingIndex(bound).what()));
                }
            }
            return true;
        });
        boolean ofClock = known.missingIndex()
                .filter(one -> bounds.stream()
                        .anyMatch(bound -> sql.missingIndex(bound).equals(one)))
                .isPresent();
        if (!missing.isEmpty() || ofClock) {
            known.foundMissing(view, missing.stream().findFirst());
        }
        return reasons.stream().flatMap(Optional::stream).findFirst();
    }

    /** Adds the look-ups of rows that have passed a bound. @return why all rows have to be recomputed; empty if they need not */
    Optional<String> addTo(List<KeyLookup> lookups, PlainSession session) throws SQLException {
        for (ClockBound bound : bounds) {
            if (bound.lookups().isEmpty() && hasPassed(bound, session)) {
                passed = true;
                return Optional.of("rows of " + bound.table() + " have passed a bound in time, and have no key by which"
                        + " their changes can be carried through");
            }
            for (int i = 0; i < bound.lookups().size(); i++) {
                KeyLookup lookup = bound.lookups().get(i);
                Optional<String> unclear = KeyText.obstacle(lookup.types(), session::valueOf);
                if (unclear.isPresent()) {
                    return unclear;
                }
                Set<List<String>> keys = keys(bound, bound.columns().get(i), session);
                if (keys.size() > WayChooser.MOST_KEYS) {
                    return Optional.of("more than " + WayChooser.MOST_KEYS + " rows have passed a bound in time");
                }
                if (!keys.isEmpty()) {
                    passed = true;
                    lookups.add(lookup.withKeys(keys));
                }
            }
        }
        return Optional.empty();
    }

    private boolean hasPassed(ClockBound bound, PlainSession session) throws SQLException {
        return !keys(bound, List.of(bound.column()), session).isEmpty();
    }

    private Set<List<String>> keys(ClockBound bound, List<String> columns, PlainSession session) throws SQLException {
        return session.query(transaction.getConnection(), sql.passed(bound, columns, WayChooser.MOST_KEYS + 1), row -> {
            Set<List<String>> keys = new HashSet<>();
            while (row.next()) {
                List<String> key = new ArrayList<>();
                for (int part = 1; part <= columns.size(); part++) {
                    key.add(Objects.requireNonNull(row.getString(part)));
                }
                keys.add(key);
            }
            return keys;
        });
    }

    /** Keeps the bounds by which the rows were computed, if any row has passed one. @param always also if none has */
    void keep(PlainSession session, boolean always) throws SQLException {
        if (!bounds.isEmpty() && (always || passed)) {
            session.execute(transaction.getConnection(), sql.keep(bounds));
            moved = true;
        }
    }

    /** Whether the bounds were written. */
    boolean moved() {
        return moved;
    }
}
