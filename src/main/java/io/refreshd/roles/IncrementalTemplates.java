package io.refreshd.roles;

import io.refreshd.incremental.Conversion;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** Finds out whether the views of a template can be incremental. */
final class IncrementalTemplates {
    private static final String SAVEPOINT = "refreshd_trial";

    private IncrementalTemplates() {}

    /**
     * Examines a view of a template. For that a materialized view is created, without rows, and taken back by a savepoint.
     *
     * @param transaction open, and not read-only
     */
    static Optional<Obstacle> obstacle(Handle transaction, DesiredView desired) throws SQLException {
        ViewId trial = new ViewId(
                desired.id().schema(),
                "refreshd_trial_"
                        + transaction
                                .createQuery("SELECT pg_catalog.pg_backend_pid()")
                                .mapTo(Integer.class)
                                .one());
        transaction.savepoint(SAVEPOINT);
        try {
            CancellableStatements statements = new CancellableStatements();
            new ViewBuilder(statements).define(transaction, desired, trial);
            Optional<String> owner = desired.template().access().owner();
            if (owner.isPresent()) {
                statements.execute(
                        transaction,
                        "ALTER MATERIALIZED VIEW " + SqlNames.qualified(trial) + " OWNER TO "
                                + SqlNames.identifier(owner.get()));
            }
            List<Obstacle> obstacles = Conversion.obstacles(transaction, trial, desired.id());
            return obstacles.isEmpty() ? Optional.empty() : Optional.of(refused(desired, obstacles));
        } finally {
            transaction.rollbackToSavepoint(SAVEPOINT);
        }
    }

    /** One obstacle for all that stands in the way. */
    static Obstacle refused(DesiredView desired, List<Obstacle> obstacles) {
        String template = desired.template().name().toString();
        return new Obstacle(
                "no view of " + template + " can be incremental: "
                        + obstacles.stream().map(Obstacle::what).collect(Collectors.joining("; ")),
                obstacles.stream()
                        .map(Obstacle::remedy)
                        .reduce(Remedy.NONE, Remedy::then)
                        .and("or write kind: materialized-view in role-views.templates[" + template + "]"));
    }
}
