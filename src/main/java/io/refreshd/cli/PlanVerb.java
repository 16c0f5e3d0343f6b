package io.refreshd.cli;

import io.refreshd.config.Configuration;
import io.refreshd.roles.RolePlan;
import io.refreshd.roles.RoleReconciler;
import java.io.PrintWriter;
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
            handle.setReadOnly(true);
            RolePlan plan = new RoleReconciler(configuration).plan(handle);
            PrintWriter out = Output.of(spec);
            out.print(json ? Json.text(RolePlanText.json(plan)) + "\n" : RolePlanText.text(plan));
            out.flush();
            return (plan.obstacles().isEmpty() ? ExitCode.OK : ExitCode.NOT_READY).code();
        }
    }
}
