package io.refreshd.testing;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The Java runtime of the container image: of the JDK that runs the tests the modules that the Dockerfile names. A module that is missing
 * shows only when something uses it, so the processes of all tests have this runtime.
 *
 * <p>The first JVM of the tests that needs it makes it, in the folder of the build.
 */
final class ImageRuntime {
    private static final Pattern MODULES = Pattern.compile("--add-modules ([a-z0-9.,]+)");
    private static final Path FOLDER = Path.of("target", "image-runtime");

    private ImageRuntime() {}

    /** What JAVA_HOME has to be. */
    static synchronized Path home() throws IOException {
        String modules = modules();
        String key = Integer.toHexString((Runtime.version() + System.getProperty("java.home") + modules).hashCode());
        Path home = Files.createDirectories(FOLDER).resolve(key).toAbsolutePath();
        try (FileChannel file =
                        FileChannel.open(FOLDER.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            if (lock.isValid() && !Files.exists(home)) {
                Path part = Files.createTempDirectory(FOLDER, "part").resolve("runtime");
                make(part, modules);
                Files.move(part, home, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        return home;
    }

    private static String modules() throws IOException {
        Matcher modules = MODULES.matcher(Files.readString(Path.of("Dockerfile")));
        if (!modules.find()) {
            throw new IOException("the Dockerfile names no modules");
        }
        return modules.group(1);
    }

    private static void make(Path folder, String modules) throws IOException {
        run(
                Path.of(System.getProperty("java.home"), "bin", "jlink"),
                "--no-header-files",
                "--no-man-pages",
                "--add-modules",
                modules,
                "--output",
                folder.toString());
        // A JDK brings an archive of its own classes, on which the archive of the tests stands.
        run(
                folder.resolve("bin").resolve("java"),
                "-XX:+UseSerialGC",
                "-XX:+IgnoreUnrecognizedVMOptions",
                "-XX:+UseCompactObjectHeaders",
                "-Xshare:dump");
    }

    private static void run(Path program, String... arguments) throws IOException {
        String[] command = new String[arguments.length + 1];
        command[0] = program.toString();
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.onExit().join().exitValue();
        if (code != 0) {
            throw new IOException(program + " ended with " + code + ": " + output);
        }
    }
}
