package io.refreshd;

import io.refreshd.capture.Publication;
import io.refreshd.capture.PublicationState;
import io.refreshd.model.Obstacle;
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
     * @throws DaemonStartException if there is no publication and it may not make one
     */
    Map<TableId, Obstacle> publish(Handle handle, Set<TableId> wanted) throws SQLException, DaemonStartException {
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

    private void createEmpty(Handle handle, Set<TableId> wanted) throws SQLException, DaemonStartException {
        try {
            apply(handle, Publication.plan(name, Set.of(), Optional.empty()));
        } catch (SQLException e) {
            if (!INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                throw e;
            }
            throw new DaemonStartException(List.of(new Obstacle(
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
                refused.put(
                        table,
                        new Obstacle(
                                "the role " + user + " may not publish " + table + ": " + e.getMessage(),
                                String.join("; ", statements) + "; as the owner of both, or GRANT the table's owner TO "
                                        + io.refreshd.model.SqlNames.identifier(user)));
            }
        }
        return refused;
    }

    private static void apply(Handle handle, List<String> statements) throws SQLException {
        if (!statements.isEmpty()) {
            Publication.apply(handle.getConnection(), statements);
        }
    }
}
