package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.config.Configuration;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.roles.RolePlan;
import io.refreshd.roles.RoleReconciler;
import io.refreshd.roles.Step;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "apply",
        description =
                "Creates, rebuilds and drops role views as the configuration declares. A changed view is rebuilt beside the old"
                        + " one and swapped.",
        footerHeading = "%nExample:%n",
        footer = "  refreshd apply --config refreshd.yaml")
final class ApplyVerb implements Callable<Integer> {
    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;

    ApplyVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        Configuration configuration = file.read(environment);
        TargetDatabase database = new TargetDatabase(configuration.database(), "apply");
        try (Handle handle = database.open()) {
            LedgerSchema.migrate(handle);
            RoleReconciler reconciler = new RoleReconciler(configuration);
            return apply(database, handle, reconciler, reconciler.plan(handle)).code();
        }
    }

    /** Announces each step before it begins, since the view of a huge table takes a while. */
    private ExitCode apply(TargetDatabase database, Handle handle, RoleReconciler reconciler, RolePlan plan)
            throws SQLException, InterruptedException {
        PrintWriter out = Output.of(spec);
        ObjectNode root = Json.object();
        ArrayNode steps = root.putArray("steps");
        if (!json) {
            out.print(RolePlanText.text(plan));
            out.flush();
        }
        boolean complete = plan.obstacles().isEmpty();
        ProgressLine progress = Output.progress(spec, environment);
        int process = handle.createQuery("SELECT pg_backend_pid()")
                .mapTo(Integer.class)
                .one();
        int number = 0;
        for (Step step : plan.steps()) {
            number++;
            String line = RolePlanText.line(
                    "[" + number + "/" + plan.steps().size() + "] " + step.action() + " " + step.view() + " … ");
            boolean transientLine = progress.visible();
            if (!json && !transientLine) {
                out.print(line);
                out.flush();
            }
            long start = System.nanoTime();
            Optional<Obstacle> refused;
            try (StepProgress ignored = new StepProgress(database, process, line, progress).start()) {
                refused = reconciler.apply(handle, step);
            }
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            complete &= refused.isEmpty();
            if (json) {
                report(step, refused, took, steps.addObject());
            } else {
                out.println((transientLine ? line : "")
                        + (refused.isEmpty()
                                ? "done, " + StatusText.span(took)
                                : "not done\n" + RolePlanText.obstacle(refused.get())));
                out.flush();
            }
        }
        if (json) {
            out.println(Json.text(RolePlanText.rest(plan, root)));
            out.flush();
        }
        return complete ? ExitCode.OK : ExitCode.NOT_READY;
    }

    private static void report(Step step, Optional<Obstacle> refused, Duration took, ObjectNode into) {
        RolePlanText.describe(step, into);
        into.put("done", refused.isEmpty())
                .put("seconds", took.toMillis() / 1e3)
                .put("what", refused.map(Obstacle::what).orElse(null))
                .set("remedy", Json.remedy(refused.map(Obstacle::remedy).orElse(Remedy.NONE)));
    }
}
