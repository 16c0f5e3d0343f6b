package io.refreshd.cli;

import java.io.PrintStream;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(
        name = "demo",
        description = {
            "Starts a PostgreSQL of its own, an application that writes, and the daemon, and shows what happens.",
            "Needs nothing, touches nothing else, and leaves nothing behind. Ctrl-C ends it."
        },
        footerHeading = "%nExample:%n",
        footer = "  refreshd demo")
final class DemoVerb implements Callable<Integer> {
    private static final String POSTGRES = "io.zonky.test.db.postgres.embedded.EmbeddedPostgres";
    private static final String DEMO = "io.refreshd.demo.";

    private final Map<String, String> environment;

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
        return (int) Class.forName(DEMO + "Demo")
                .getMethod("run", options, PrintStream.class)
                .invoke(null, defaults, System.out);
    }
}
