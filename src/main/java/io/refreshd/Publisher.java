package io.refreshd;

import io.refreshd.capture.Prerequisites;
import io.refreshd.capture.Publication;
import io.refreshd.capture.PublicationState;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/** Makes the publication hold the tables that are wanted, as far as it may. */
final class Publisher {
    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    private final String name;
    private final String user;

    Publisher(String name, String user) {
        this.name = name;
        this.user = user;
    }

    /**
     * @return what it was not allowed to publish, each with what would mend it
     * @throws PrerequisitesMissingException if there is no publication and it may not make one
     */
    Map<TableId, Obstacle> publish(Handle handle, Set<TableId> wanted)
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
                    "the role " + user + " may not create the publication " + name + ": " + e.getMessage(),
                    String.join(";\n", Publication.plan(name, wanted, Optional.empty())) + ";")));
        }
    }

    /** One table that is somebody else's must not keep the others out. */
    private Map<TableId, Obstacle> oneByOne(Handle handle, Set<TableId> wanted) throws SQLException {
        Map<TableId, Obstacle> refused = new HashMap<>();
        for (TableId table : wanted) {
            Optional<PublicationState> state = Publication.inspect(handle.getConnection(), name);
            Set<TableId> next =
                    new java.util.HashSet<>(state.map(s -> s.tables().keySet()).orElse(Set.of()));
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

    /** The table's own statement works for a superuser; the other one for every table of that owner, also later ones. */
    private Obstacle refusal(Handle handle, TableId table, String statement, SQLException refused) throws SQLException {
        String instead = Prerequisites.notMine(handle.getConnection(), Set.of(table)).stream()
                .map(foreign -> " -- as a superuser; or, so that refreshd may: " + foreign.remedy())
                .findFirst()
                .orElse(" -- as a superuser");
        return new Obstacle(
                "role " + user + " may not publish table " + table + ": " + refused.getMessage(), statement + instead);
    }

    private static void apply(Handle handle, List<String> statements) throws SQLException {
        if (!statements.isEmpty()) {
            Database.locally(handle, transaction -> Publication.apply(transaction.getConnection(), statements));
        }
    }
}
