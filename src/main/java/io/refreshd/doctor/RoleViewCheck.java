package io.refreshd.doctor;

import io.refreshd.config.Configuration;
import io.refreshd.config.RoleViewTemplate;
import io.refreshd.model.Obstacle;
import io.refreshd.roles.RolePlan;
import io.refreshd.roles.RoleReconciler;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/**
 * Checks that the declared role views can be created. It asks {@link RoleReconciler}, which also creates them, so that
 * {@code check} and {@code run} cannot disagree.
 */
final class RoleViewCheck implements Check {
    @Override
    public List<Finding> run(ExaminedDatabase database) throws SQLException {
        if (isUndecided(database.handle(), database.configuration())) {
            return List.of();
        }
        RoleReconciler roles = new RoleReconciler(database.configuration());
        RolePlan plan = roles.plan(database.handle());
        Stream<Finding> errors = Stream.concat(
                        plan.obstacles().stream(), roles.preflight(database.handle(), plan).stream())
                .map(RoleViewCheck::error);
        Stream<Finding> outdated = plan.outdated().stream()
                .map(obstacle -> finding(
                        Severity.WARNING,
                        "role-view-outdated",
                        obstacle,
                        "The daemon never rebuilds an existing view: it keeps the view of the former template."));
        return Stream.concat(errors, outdated).toList();
    }

    /**
     * Checks that the views that are to be incremental can be.
     *
     * @param transaction open, and not read-only; the caller rolls it back
     */
    static List<Finding> incremental(Handle transaction, Configuration configuration) throws SQLException {
        boolean declared = configuration.roleViews().stream()
                .anyMatch(template -> template.definition().kind() == RoleViewTemplate.Kind.INCREMENTAL);
        if (!declared || isUndecided(transaction, configuration)) {
            return List.of();
        }
        RoleReconciler roles = new RoleReconciler(configuration);
        return roles.preflightIncremental(transaction, roles.plan(transaction)).stream()
                .map(RoleViewCheck::error)
                .toList();
    }

    /** Which views were created stands in the ledger. LedgerCheck reports that it may not be read. */
    private static boolean isUndecided(Handle handle, Configuration configuration) throws SQLException {
        return configuration.roleViews().isEmpty()
                || StartupRequirements.foreignLedger(handle).isPresent();
    }

    private static Finding error(Obstacle obstacle) {
        return finding(
                Severity.ERROR,
                "role-view",
                obstacle,
                "The view is not created until this is fixed; the daemon tries again every few seconds. The other role"
                        + " views are created.");
    }

    private static Finding finding(Severity severity, String code, Obstacle obstacle, String why) {
        String said = obstacle.said().isEmpty() ? "" : ": " + obstacle.said().text();
        return new Finding(severity, code, "role-views", obstacle.what() + said, why, obstacle.remedy());
    }
}
