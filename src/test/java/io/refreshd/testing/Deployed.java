package io.refreshd.testing;

import io.refreshd.cli.Refreshd;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** refreshd as it is deployed: its own JARs alone, with the launcher's collector, compiler, heap and stacks. */
public final class Deployed {
    private static final Path LIBRARIES =
            Path.of(System.getProperty("refreshd.distribution", "target/refreshd"), "lib");

    private Deployed() {}

    /**
     * A command that runs it; the verb and its arguments are to follow.
     *
     * @param flags for the JVM, over the others
     */
    public static List<String> command(String... flags) {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + "/bin/java",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx128m",
                "-Xss512k",
                // The first one that ends in order leaves its classes to the others, which start in two thirds of the
                // time.
                // Whether that works is not what is tested, nor for the lines that are looked at.
                "-XX:+AutoCreateSharedArchive",
                "-XX:SharedArchiveFile=" + Path.of("target", "refreshd.jsa").toAbsolutePath(),
                "-Xlog:disable"));
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", LIBRARIES + "/*", Refreshd.class.getName()));
        return command;
    }
}
