package io.refreshd.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "plan",
        description = "Shows what would be done to the declared role views. Changes nothing.",
        footerHeading = "%nExample:%n",
        footer = "  refreshd plan --config refreshd.yaml")
final class PlanVerb implements Callable<Integer> {
    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;

    PlanVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        RoleViewsVerbs.plan(file.read(environment), Output.of(spec));
        return ExitCode.OK.code();
    }
}
