package io.refreshd.cli;

import io.refreshd.config.Configuration;
import io.refreshd.model.Obstacle;
import io.refreshd.roles.RolePlan;
import io.refreshd.roles.RoleReconciler;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "plan",
        description = "Shows the steps that \"apply\" would take for the declared role views. Changes nothing.",
        footerHeading = "%nExample:%n",
        footer = "  refreshd plan --config refreshd.yaml")
final class PlanVerb implements Callable<Integer> {
    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;

    PlanVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        Configuration configuration = file.read(environment);
        try (Handle handle = new TargetDatabase(configuration.database(), "plan").open()) {
            RoleReconciler reconciler = new RoleReconciler(configuration);
            handle.setReadOnly(true);
            RolePlan plan = reconciler.plan(handle);
            handle.setReadOnly(false);
            plan = plan.with(obstacles(handle, reconciler, plan));
            PrintWriter out = Output.of(spec);
            out.print(json ? Json.text(RolePlanText.json(plan)) + "\n" : RolePlanText.text(plan));
            out.flush();
            return (plan.obstacles().isEmpty() ? ExitCode.OK : ExitCode.NOT_READY).code();
        }
    }

    /** What would keep {@code apply} from carrying out the steps. */
    private static List<Obstacle> obstacles(Handle handle, RoleReconciler reconciler, RolePlan plan)
            throws SQLException {
        handle.begin();
        try {
            List<Obstacle> obstacles = new ArrayList<>(reconciler.preflight(handle, plan));
            obstacles.addAll(reconciler.preflightIncremental(handle, plan));
            return obstacles;
        } finally {
            handle.rollback();
        }
    }
}
