package io.refreshd.doctor;

import io.refreshd.model.Obstacle;
import io.refreshd.roles.RolePlan;
import io.refreshd.roles.RoleReconciler;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;

/**
 * Checks that the declared role views can be created. It asks {@link RoleReconciler}, which also creates them, so that
 * {@code check} and {@code run} cannot disagree.
 */
final class RoleViewCheck implements Check {
    @Override
    public List<Finding> run(ExaminedDatabase database) throws SQLException {
        if (database.configuration().roleViews().isEmpty()
                || StartupRequirements.foreignLedger(database.handle()).isPresent()) {
            // Which views were created stands in the ledger. LedgerCheck reports that it may not be read.
            return List.of();
        }
        RoleReconciler roles = new RoleReconciler(database.configuration());
        RolePlan plan = roles.plan(database.handle());
        Stream<Finding> errors = Stream.concat(
                        plan.obstacles().stream(), roles.preflight(database.handle(), plan).stream())
                .map(obstacle -> finding(
                        Severity.ERROR,
                        "role-view",
                        obstacle,
                        "The view is not created until this is fixed; the daemon tries again every few seconds. The other role"
                                + " views are created."));
        Stream<Finding> outdated = plan.outdated().stream()
                .map(obstacle -> finding(
                        Severity.WARNING,
                        "role-view-outdated",
                        obstacle,
                        "The daemon never rebuilds an existing view: it keeps the view of the former template."));
        return Stream.concat(errors, outdated).toList();
    }

    private static Finding finding(Severity severity, String code, Obstacle obstacle, String why) {
        String said = obstacle.said().isEmpty() ? "" : ": " + obstacle.said().text();
        return new Finding(severity, code, "role-views", obstacle.what() + said, why, obstacle.remedy());
    }
}
