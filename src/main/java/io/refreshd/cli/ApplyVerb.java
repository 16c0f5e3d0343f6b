package io.refreshd.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "apply",
        description =
                "Makes the declared role views what the configuration says; changed ones are rebuilt beside and swapped.",
        footerHeading = "%nExample:%n",
        footer = "  refreshd apply --config refreshd.yaml")
final class ApplyVerb implements Callable<Integer> {
    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;

    ApplyVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        RoleViewsVerbs.apply(file.read(environment), Output.of(spec));
        return ExitCode.OK.code();
    }
}
