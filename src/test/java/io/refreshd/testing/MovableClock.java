package io.refreshd.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/**
 * A wall clock for a process, which a test can set while the process runs. The monotonic clock is not changed.
 *
 * <p>libfaketime is preloaded into the process and adds an offset, which it reads from a file once a second.
 */
public final class MovableClock {
    private static final Path LIBRARIES = Path.of("/usr/lib");

    private final Path library;
    private final Path file;

    private MovableClock(Path library, Path file) {
        this.library = library;
        this.file = file;
    }

    /**
     * @param folder for the file with the offset
     * @return empty if libfaketime is not installed
     */
    public static Optional<MovableClock> in(Path folder) throws IOException {
        Optional<Path> library;
        try (Stream<Path> architectures = Files.list(LIBRARIES)) {
            library = architectures
                    .map(architecture -> architecture.resolve("faketime/libfaketime.so.1"))
                    .filter(Files::isReadable)
                    .findFirst();
        }
        if (library.isEmpty()) {
            return Optional.empty();
        }
        MovableClock clock =
                new MovableClock(library.get(), Files.createDirectories(folder).resolve("clock"));
        clock.set(Duration.ZERO);
        return Optional.of(clock);
    }

    /** Skips the test if libfaketime is missing, and prints a line about it. */
    public static MovableClock orSkip(Path folder) throws IOException {
        return in(folder).orElseThrow(() -> {
            System.out.println("SKIPPED: libfaketime is not installed (Debian: apt-get install faketime)");
            return new TestAbortedException("libfaketime is not installed");
        });
    }

    public Map<String, String> environment() {
        // FAKETIME_FORCE_MONOTONIC_FIX=0: the library takes the C library here for an old one and would "correct" its
        // monotonic waits. Then every wait of a JVM ends at once, and its threads spin (20 times the CPU, measured).
        return Map.of(
                "LD_PRELOAD", library.toString(),
                "FAKETIME_TIMESTAMP_FILE", file.toString(),
                "FAKETIME_CACHE_DURATION", "1",
                "FAKETIME_DONT_FAKE_MONOTONIC", "1",
                "FAKETIME_FORCE_MONOTONIC_FIX", "0",
                "NO_FAKE_STAT", "1");
    }

    /** Sets the offset from the machine's clock. The process follows within a second. */
    public void set(Duration offset) throws IOException {
        Path next = Files.write(file.resolveSibling("clock.next"), List.of("%+d".formatted(offset.toSeconds())));
        // The process never reads a file that is half written.
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
