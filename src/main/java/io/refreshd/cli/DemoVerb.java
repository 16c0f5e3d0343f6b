package io.refreshd.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

@Command(
        name = "demo",
        description = {
            "Starts a PostgreSQL of its own, an application that writes, and the daemon, and shows what happens.",
            "Needs nothing, touches nothing else, and leaves nothing behind. Ctrl-C ends it."
        },
        footerHeading = "%nExample:%n",
        footer = {"  refreshd demo", "  refreshd demo --for 30s"})
final class DemoVerb implements Callable<Integer> {
    private static final String POSTGRES = "io.zonky.test.db.postgres.embedded.EmbeddedPostgres";
    private static final String DEMO = "io.refreshd.demo.";

    private final Map<String, String> environment;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            converter = Time.class,
            description =
                    "End after this long, such as 30s or 5m, and succeed only if every view equals its definition.")
    private @Nullable Duration runFor;

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
        return run() == 0 ? ExitCode.OK.code() : ExitCode.FAILURE.code();
    }

    /** By name, as nothing that is deployed may need the demo in order to load. */
    private int run() throws ReflectiveOperationException {
        Class<?> screen = Class.forName(DEMO + "Screen");
        Class<?> options = Class.forName(DEMO + "DemoOptions");
        Object detected = screen.getMethod("detect", Map.class).invoke(null, environment);
        Object defaults = options.getMethod("defaults", screen).invoke(null, detected);
        Object chosen = runFor == null
                ? defaults
                : options.getMethod("runFor", Duration.class).invoke(defaults, runFor);
        return (int) Class.forName(DEMO + "Demo")
                .getMethod("run", options, PrintStream.class)
                .invoke(null, chosen, System.out);
    }

    /** {@code 30s}, {@code 5m}, {@code 1h30m}. */
    static final class Time implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            try {
                Duration time = Duration.parse("PT" + text);
                if (time.isPositive()) {
                    return time;
                }
            } catch (DateTimeParseException e) {
                throw new TypeConversionException("'" + text + "' is not a time; write one such as 30s or 5m");
            }
            throw new TypeConversionException("'" + text + "' is not positive; write a time such as 30s or 5m");
        }
    }
}
