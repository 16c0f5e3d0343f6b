package io.refreshd.cli;

import io.refreshd.DaemonStartException;
import io.refreshd.config.Configuration;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.model.Obstacle;
import io.refreshd.roles.RolePlan;
import io.refreshd.roles.RoleReconciler;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** What {@code plan} and {@code apply} share. */
final class RoleViewsVerbs {
    private RoleViewsVerbs() {}

    static void plan(Configuration configuration, PrintWriter out) throws Exception {
        try (Handle handle = open(configuration)) {
            print(reconciler(configuration).plan(handle), out);
        }
    }

    /** Does what {@link #plan} shows, rebuilding included. */
    static void apply(Configuration configuration, PrintWriter out) throws Exception {
        try (Handle handle = open(configuration)) {
            LedgerSchema.migrate(handle);
            RoleReconciler reconciler = reconciler(configuration);
            RolePlan plan = reconciler.plan(handle);
            print(plan, out);
            List<Obstacle> obstacles = reconciler.apply(handle, plan, step -> true);
            if (!obstacles.isEmpty()) {
                throw new DaemonStartException(obstacles);
            }
        }
    }

    private static void print(RolePlan plan, PrintWriter out) {
        plan.steps().forEach(out::println);
        plan.notes().forEach(out::println);
        plan.obstacles().forEach(obstacle -> out.println("! " + obstacle.what() + "; " + obstacle.mend()));
        if (plan.steps().isEmpty()) {
            out.println("Nothing to do.");
        }
        out.flush();
    }

    private static RoleReconciler reconciler(Configuration configuration) {
        return new RoleReconciler(configuration.roleViews(), configuration.refresh());
    }

    private static Handle open(Configuration configuration) throws SQLException {
        Connection connection = DriverManager.getConnection(
                configuration.database().url(),
                configuration.database().user(),
                configuration.database().password().reveal());
        return Jdbi.open(connection);
    }
}
