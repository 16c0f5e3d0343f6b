package io.refreshd.cli;

import io.refreshd.config.Durations;
import io.refreshd.config.InvalidValueException;
import io.refreshd.demo.Demo;
import io.refreshd.demo.DemoOptions;
import io.refreshd.demo.Screen;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "demo",
        description = {
            "Starts a PostgreSQL of its own, an application that writes, and the daemon, and shows what happens.",
            "Needs no database, changes nothing else, and leaves nothing behind. Ctrl-C ends it."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  refreshd demo", "  refreshd demo --for 30s", "  refreshd demo --incremental"})
final class DemoVerb implements Callable<Integer> {
    private static final String POSTGRES = "io.zonky.test.db.postgres.embedded.EmbeddedPostgres";

    private final Map<String, String> environment;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            description =
                    "End after this long, such as 30s or 5m, and succeed only if every view equals its definition.")
    private @Nullable String runFor;

    @Option(names = "--rows", description = "Rows in the table main at the start (default: ${DEFAULT-VALUE}).")
    private int rows = DemoOptions.DEFAULT_ROWS;

    @Option(
            names = "--commits-per-second",
            paramLabel = "RATE",
            description = "How fast the application writes (default: ${DEFAULT-VALUE}).")
    private double commitsPerSecond = DemoOptions.DEFAULT_COMMITS_PER_SECOND;

    @Option(names = "--port", description = "Port of the daemon's page and metrics (default: any free one).")
    private @Nullable Integer port;

    @Option(
            names = "--incremental",
            description = "Keep the views of all roles by what changed, not of one of them. See docs/incremental.md.")
    private boolean incremental;

    DemoVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        try {
            Class.forName(POSTGRES, false, DemoVerb.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new UnavailableDemoException(e);
        }
        return Demo.run(options(), System.out) == Demo.EQUAL ? ExitCode.OK.code() : ExitCode.FAILURE.code();
    }

    private DemoOptions options() {
        try {
            Optional<Duration> time = runFor == null ? Optional.empty() : Optional.of(Durations.parsePositive(runFor));
            OptionalInt httpPort = port == null ? OptionalInt.empty() : OptionalInt.of(port);
            return new DemoOptions(time, Screen.detect(environment), rows, commitsPerSecond, httpPort, 1, incremental);
        } catch (InvalidValueException | IllegalArgumentException e) {
            throw new ParameterException(Objects.requireNonNull(spec).commandLine(), "demo: " + e.getMessage(), e);
        }
    }
}
