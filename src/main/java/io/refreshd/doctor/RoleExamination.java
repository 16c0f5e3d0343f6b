package io.refreshd.doctor;

import io.refreshd.model.Obstacle;
import io.refreshd.roles.RolePlan;
import io.refreshd.roles.RoleReconciler;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;

/** Whether the role views that are declared could be made, by what makes them. */
final class RoleExamination implements Examination {
    @Override
    public List<Finding> of(ExaminedDatabase database) throws SQLException {
        if (database.configuration().roleViews().isEmpty()
                || FirstStart.foreignLedger(database.handle()).isPresent()) {
            // A ledger that may not be read does not tell which views were made; that it may not, is said already.
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
                        "It is not made until that is mended, and tried again every few seconds; the others are."));
        Stream<Finding> outdated = plan.outdated().stream()
                .map(obstacle -> finding(
                        Severity.WARNING,
                        "role-view-outdated",
                        obstacle,
                        "The daemon never makes a view anew that is there: it goes on as the former template said."));
        return Stream.concat(errors, outdated).toList();
    }

    private static Finding finding(Severity severity, String code, Obstacle obstacle, String why) {
        return new Finding(severity, code, "role-views", obstacle.what(), why, obstacle.remedy());
    }
}
