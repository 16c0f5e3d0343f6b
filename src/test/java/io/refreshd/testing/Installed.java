package io.refreshd.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Programs that a test needs and that may not be installed. */
public final class Installed {
    private Installed() {}

    /** Skips the test if the program is missing, and prints a line about it. */
    public static void orSkip(String program) {
        boolean there = Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder).resolve(program)));
        if (!there) {
            String from = program.equals("helm")
                    ? ".ci/run takes it from npm"
                    : "Debian: apt-get install " + (program.equals("promtool") ? "prometheus" : program);
            System.out.println("SKIPPED: " + program + " is not installed (" + from + ")");
        }
        assumeTrue(there, program + " is not installed");
    }
}
