package io.refreshd.cli;

import io.refreshd.DaemonStartException;
import io.refreshd.config.Configuration;
import io.refreshd.model.Obstacle;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "check",
        description = "Validates the configuration, then the database that it names. Changes nothing.",
        footerHeading = "%nExample:%n",
        footer = "  refreshd check --config refreshd.yaml && echo ready")
final class CheckVerb implements Callable<Integer> {
    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;
    private final Doctor doctor;

    CheckVerb(Map<String, String> environment, Doctor doctor) {
        this.environment = environment;
        this.doctor = doctor;
    }

    @Override
    public Integer call() throws Exception {
        Configuration configuration = file.read(environment);
        Output.of(spec).println(file.path() + " is a valid configuration.");
        List<Obstacle> obstacles = doctor.examine(configuration);
        if (!obstacles.isEmpty()) {
            throw new DaemonStartException(obstacles);
        }
        return ExitCode.OK.code();
    }
}
