package io.refreshd.reconcile;

import io.refreshd.capture.Prerequisites;
import io.refreshd.capture.Publication;
import io.refreshd.capture.PublicationState;
import io.refreshd.database.ConnectionPools;
import io.refreshd.database.ErrorSummary;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/** Makes the publication hold the tables that are wanted, as far as the role may. */
final class PublicationReconciler {
    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    private final String name;
    private final String user;

    PublicationReconciler(String name, String user) {
        this.name = name;
        this.user = user;
    }

    /**
     * Adds to the publication what is wanted, and removes what is not.
     *
     * @return the tables that the role may not publish, each with a remedy
     * @throws PrerequisitesMissingException if there is no publication and the role may not create one
     */
    Map<TableId, Obstacle> reconcile(Handle handle, Set<TableId> wanted)
            throws SQLException, PrerequisitesMissingException {
        Optional<PublicationState> state = Publication.inspect(handle.getConnection(), name);
        try {
            apply(handle, Publication.plan(name, wanted, state));
            return Map.of();
        } catch (SQLException e) {
            if (!INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                throw e;
            }
        }
        if (state.isEmpty()) {
            createEmpty(handle, wanted);
        }
        return oneByOne(handle, wanted);
    }

    private void createEmpty(Handle handle, Set<TableId> wanted) throws SQLException, PrerequisitesMissingException {
        try {
            apply(handle, Publication.plan(name, Set.of(), Optional.empty()));
        } catch (SQLException e) {
            if (!INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                throw e;
            }
            throw new PrerequisitesMissingException(List.of(new Obstacle(
                    "the role " + user + " may not create the publication " + name + ": "
                            + ErrorSummary.withoutValues(e),
                    String.join(";\n", Publication.plan(name, wanted, Optional.empty())) + ";")));
        }
    }

    /** Adds one table at a time: a table of another owner must not keep the others out. */
    private Map<TableId, Obstacle> oneByOne(Handle handle, Set<TableId> wanted) throws SQLException {
        Map<TableId, Obstacle> refused = new HashMap<>();
        for (TableId table : wanted) {
            Optional<PublicationState> state = Publication.inspect(handle.getConnection(), name);
            Set<TableId> next =
                    new HashSet<>(state.map(s -> s.tables().keySet()).orElse(Set.of()));
            if (!next.add(table)) {
                continue;
            }
            List<String> statements = Publication.plan(name, next, state);
            try {
                apply(handle, statements);
            } catch (SQLException e) {
                if (!INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                    throw e;
                }
                refused.put(table, refusal(handle, table, String.join("; ", statements) + ";", e));
            }
        }
        return refused;
    }

    /** Two remedies: a superuser's statement for this table, and a grant that covers every table of its owner, also later ones. */
    private Obstacle refusal(Handle handle, TableId table, String statement, SQLException error) throws SQLException {
        String instead = Prerequisites.notMine(handle.getConnection(), Set.of(table)).stream()
                .map(foreign -> " -- as a superuser; or, so that refreshd may: " + foreign.remedy())
                .findFirst()
                .orElse(" -- as a superuser");
        return new Obstacle(
                "role " + user + " may not publish table " + table + ": " + ErrorSummary.withoutValues(error),
                statement + instead);
    }

    private static void apply(Handle handle, List<String> statements) throws SQLException {
        if (!statements.isEmpty()) {
            ConnectionPools.locally(handle, transaction -> Publication.apply(transaction.getConnection(), statements));
        }
    }
}
