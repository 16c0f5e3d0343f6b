package io.refreshd.reconcile;

import io.refreshd.capture.Publication;
import io.refreshd.capture.PublicationState;
import io.refreshd.capture.TableLocks;
import io.refreshd.database.ConnectionPools;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;

/**
 * Makes the publication hold the tables that are wanted, as far as the role may and nobody has locked them.
 *
 * <p>Thread: one at a time.
 */
final class PublicationReconciler {
    private static final String INSUFFICIENT_PRIVILEGE = "42501";
    private static final String LOCK_NOT_AVAILABLE = "55P03";
    /** Also of other memory, which is tried again too. */
    private static final String OUT_OF_LOCKS = "53200";

    /** Longer than the server's deadlock_timeout of 1 s, after which an autovacuum gives way. */
    private static final Duration LOCK_TIMEOUT = Duration.ofSeconds(2);

    /** How long a round may wait for locks of single tables. The tables that are left wait for the next round. */
    private static final Duration LONGEST_ROUND = Duration.ofSeconds(6);

    /** Between two attempts to publish a table whose failure may pass. */
    private static final Duration RETRY = Duration.ofSeconds(10);

    private final String name;
    private final PublicationRefusals refusals;
    private final Supplier<Moment> clock;

    /** SQLSTATE classes: connection, transaction state, rollback, resources, operator, system, internal; null is the driver's. */
    private static final List<String> OF_SESSION_OR_SERVER = List.of("08", "25", "40", "53", "57", "58", "XX", "null");

    /** Wanted tables that the last round left out because of locks. */
    private Set<TableId> waiting = Set.of();

    /** When a table was left out for another reason than a lock or a right, in monotonic time; empty if none was. */
    private OptionalLong failed = OptionalLong.empty();

    PublicationReconciler(String name, String user, Supplier<Moment> clock) {
        this.clock = clock;
        this.name = name;
        this.refusals = new PublicationRefusals(user);
    }

    /**
     * Adds to the publication what is wanted, and removes what is not.
     *
     * @return the tables that cannot be published now, each with a remedy
     * @throws PrerequisitesMissingException if there is no publication and the role may not create one
     */
    Map<TableId, Obstacle> reconcile(Handle handle, Set<TableId> wanted)
            throws SQLException, PrerequisitesMissingException {
        Optional<PublicationState> state = Publication.inspect(handle.getConnection(), name);
        waiting = Set.of();
        failed = OptionalLong.empty();
        try {
            apply(handle, Publication.plan(name, wanted, state));
            return Map.of();
        } catch (SQLException e) {
            requireOfOneTable(e);
        }
        if (state.isEmpty()) {
            createEmpty(handle, wanted);
        }
        Map<TableId, Obstacle> refused = oneByOne(handle, wanted);
        removeNeedless(handle, wanted, refused);
        return refused;
    }

    /**
     * The tables that a publication of others lacks, each with a remedy. Changes nothing.
     *
     * @throws PrerequisitesMissingException if there is no such publication
     */
    Map<TableId, Obstacle> compare(Handle handle, Set<TableId> wanted)
            throws SQLException, PrerequisitesMissingException {
        PublicationState state = Publication.inspect(handle.getConnection(), name)
                .orElseThrow(() -> new PrerequisitesMissingException(List.of(new Obstacle(
                        "the connector's publication " + name + " is missing",
                        Remedy.text("start the connector with it, or correct capture.publication")))));
        Map<TableId, Obstacle> lacking = new HashMap<>();
        for (TableId table : wanted) {
            if (!state.tables().containsKey(table)) {
                lacking.put(
                        table,
                        new Obstacle(
                                "table " + table + " is not in the connector's publication " + name,
                                Remedy.sql("ALTER PUBLICATION " + SqlNames.identifier(name) + " ADD TABLE "
                                        + SqlNames.qualified(table))));
            }
        }
        return lacking;
    }

    /** Whether a table was left out because of a lock, or by a failure that the catalog does not show. */
    boolean waits() {
        return failed.isPresent() || !waiting.isEmpty();
    }

    /** Whether a table that was left out may join now: because of a lock, or by a failure that the catalog does not show. */
    boolean mayJoinNow(Handle handle) throws SQLException {
        if (failed.isPresent() && clock.get().nanosSince(failed.getAsLong()) > RETRY.toNanos()) {
            return true;
        }
        return !waiting.isEmpty()
                && !TableLocks.conflicting(handle.getConnection(), waiting).equals(waiting);
    }

    /**
     * Whether one table alone may be the cause, so that the others can join. It is no fault of the session or the server: the right to a
     * table is missing, somebody has locked the table, or the function of an event trigger has failed, in any way.
     */
    private static void requireOfOneTable(SQLException e) throws SQLException {
        if (!OUT_OF_LOCKS.equals(e.getSQLState())
                && OF_SESSION_OR_SERVER.stream().anyMatch(String.valueOf(e.getSQLState())::startsWith)) {
            throw e;
        }
    }

    private void createEmpty(Handle handle, Set<TableId> wanted) throws SQLException, PrerequisitesMissingException {
        try {
            apply(handle, Publication.plan(name, Set.of(), Optional.empty()));
        } catch (SQLException e) {
            if (!INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                throw e;
            }
            throw refusals.ofPublication(name, Publication.plan(name, wanted, Optional.empty()), e);
        }
    }

    /** Adds one table at a time: a table of another owner, or one that is locked, must not keep the others out. */
    private Map<TableId, Obstacle> oneByOne(Handle handle, Set<TableId> wanted) throws SQLException {
        Map<TableId, Obstacle> refused = new HashMap<>();
        Set<TableId> locked = new HashSet<>(TableLocks.conflicting(handle.getConnection(), wanted));
        long began = clock.get().nanos();
        for (TableId table : wanted) {
            Optional<PublicationState> state = Publication.inspect(handle.getConnection(), name);
            Set<TableId> next =
                    new HashSet<>(state.map(s -> s.tables().keySet()).orElse(Set.of()));
            if (!next.add(table)) {
                locked.remove(table);
                continue;
            }
            if (clock.get().nanosSince(began) > LONGEST_ROUND.toNanos()) {
                locked.add(table);
            }
            if (locked.contains(table)) {
                continue;
            }
            List<String> statements = Publication.plan(name, next, state);
            try {
                apply(handle, statements);
            } catch (SQLException e) {
                requireOfOneTable(e);
                if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
                    locked.add(table);
                } else if (INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                    refused.put(table, refusals.ofPrivilege(handle, table, String.join("; ", statements) + ";", e));
                } else {
                    failed = OptionalLong.of(clock.get().nanos());
                    refused.put(table, PublicationRefusals.ofFailure(table, statements, e));
                }
            }
        }
        locked.forEach(table -> refused.put(table, PublicationRefusals.ofLock(table)));
        waiting = Set.copyOf(locked);
        return refused;
    }

    /** Tables that no view needs stay published while somebody locks one of them. The next round tries again. */
    private void removeNeedless(Handle handle, Set<TableId> wanted, Map<TableId, Obstacle> refused)
            throws SQLException {
        Set<TableId> kept = new HashSet<>(wanted);
        kept.removeAll(refused.keySet());
        Optional<PublicationState> state = Publication.inspect(handle.getConnection(), name);
        try {
            apply(handle, Publication.plan(name, kept, state));
        } catch (SQLException e) {
            requireOfOneTable(e);
        }
    }

    /** Each statement in a transaction of its own, which keeps its locks to the end. */
    private static void apply(Handle handle, List<String> statements) throws SQLException {
        for (String statement : statements) {
            ConnectionPools.locally(handle, transaction -> {
                transaction.execute("SET LOCAL lock_timeout = " + LOCK_TIMEOUT.toMillis());
                Publication.apply(transaction.getConnection(), List.of(statement));
            });
        }
    }
}
