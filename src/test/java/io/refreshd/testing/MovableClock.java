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
 * A wall clock that a process is started with and that can be moved while it runs: a library between the process and the
 * kernel adds an offset that it reads from a file once a second. The monotonic clock goes on as it is.
 */
public final class MovableClock {
    private static final Path LIBRARIES = Path.of("/usr/lib");

    private final Path library;
    private final Path file;

    private MovableClock(Path library, Path file) {
        this.library = library;
        this.file = file;
    }

    /** Empty where the library is not installed. @param folder for the file with the offset */
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

    /** Skips the test, and says so in a line of its own, where the library is missing. */
    public static MovableClock orSkip(Path folder) throws IOException {
        return in(folder).orElseThrow(() -> {
            System.out.println("SKIPPED: libfaketime is not installed (Debian: apt-get install faketime)");
            return new TestAbortedException("libfaketime is not installed");
        });
    }

    public Map<String, String> environment() {
        // Without the last but one every wait of a JVM ends at once, and its threads wait in circles: the library takes
        // the C
        // library here for an old one, whose monotonic waits it would have to correct (20 times the processor's time,
        // measured).
        return Map.of(
                "LD_PRELOAD", library.toString(),
                "FAKETIME_TIMESTAMP_FILE", file.toString(),
                "FAKETIME_CACHE_DURATION", "1",
                "FAKETIME_DONT_FAKE_MONOTONIC", "1",
                "FAKETIME_FORCE_MONOTONIC_FIX", "0",
                "NO_FAKE_STAT", "1");
    }

    /** From the machine's clock; the process follows within a second. */
    public void set(Duration offset) throws IOException {
        Path next = Files.write(file.resolveSibling("clock.next"), List.of("%+d".formatted(offset.toSeconds())));
        // Never half a number.
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
