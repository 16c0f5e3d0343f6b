package io.refreshd.testing;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The launcher script beside the JARs, as in the container image. Every test and benchmark that needs refreshd in a process of its
 * own starts it here.
 *
 * <p>The script is copied out of the clone, because in the clone it builds the program anew when a source file has changed.
 */
public final class Deployed {
    private static final Path DISTRIBUTION = Path.of(System.getProperty("refreshd.distribution", "target/refreshd"));
    private static final Path HOME = Path.of("target", "launcher");
    private static final Path SCRIPT = HOME.resolve("refreshd");

    /**
     * Options of the JVM for tests. The first process that ends in order writes its classes to the archive, and the others start in
     * two thirds of the time. Messages of the JVM about the archive would stand among the lines that tests look at.
     *
     * <p>The path is relative, since the launcher separates options at blanks.
     */
    private static final String CLASS_ARCHIVE =
            "-XX:+AutoCreateSharedArchive -XX:SharedArchiveFile=target/refreshd.jsa -Xlog:disable";

    private Deployed() {}

    /** The command line of a verb with its arguments, without the environment. */
    static List<String> command(String... arguments) throws IOException {
        install();
        List<String> command = new ArrayList<>(List.of("sh", SCRIPT.toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** What {@link #command} needs in its environment, with the {@link ImageRuntime}. @param jvmOptions over those of {@link #CLASS_ARCHIVE} */
    static void prepare(ProcessBuilder process, List<String> jvmOptions) throws IOException {
        process.environment().put("JAVA_HOME", ImageRuntime.home().toString());
        List<String> options = new ArrayList<>(List.of(CLASS_ARCHIVE));
        options.addAll(jvmOptions);
        process.environment().put("REFRESHD_JAVA_OPTS", String.join(" ", options));
    }

    /** A process that runs as it does for users of a JDK, without the class archive of the tests. */
    public static ProcessBuilder asInstalled(String... arguments) throws IOException {
        ProcessBuilder process = new ProcessBuilder(command(arguments));
        process.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return process;
    }

    private static void install() throws IOException {
        Files.createDirectories(HOME);
        link("lib");
        link("demo");
        // Another JVM of the tests may be starting the script right now: it is replaced as a whole.
        Path copy = Files.createTempFile(HOME, "refreshd", "");
        Files.copy(Path.of("refreshd"), copy, StandardCopyOption.REPLACE_EXISTING);
        Files.move(copy, SCRIPT, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void link(String folder) throws IOException {
        try {
            Files.createSymbolicLink(
                    HOME.resolve(folder), DISTRIBUTION.resolve(folder).toAbsolutePath());
        } catch (FileAlreadyExistsException another) {
            // Made by an earlier test, or by another JVM of the tests.
        }
    }
}
