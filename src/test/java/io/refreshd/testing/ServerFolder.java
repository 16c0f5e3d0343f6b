package io.refreshd.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * Where the data of the tests' servers are: in memory if the machine has such a file system and there is room, since making and
 * dropping hundreds of databases costs three times as much on a disk.
 */
public final class ServerFolder {
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final long ROOM = 8L << 30;
    private static final String PREFIX = "refreshd-test-";

    private ServerFolder() {}

    /** For a test whose servers come and go by themselves. */
    public static final class Factory implements TempDirFactory {
        @Override
        public Path createTempDirectory(AnnotatedElementContext field, ExtensionContext test) throws IOException {
            return create(test.getRequiredTestClass().getSimpleName());
        }
    }

    /** A new one; it goes with the server in it. */
    public static synchronized Path create(String name) throws IOException {
        if (Files.isWritable(MEMORY) && Files.getFileStore(MEMORY).getUsableSpace() > ROOM) {
            deleteLeftovers();
            return Files.createTempDirectory(
                    MEMORY, PREFIX + ProcessHandle.current().pid() + "-" + name);
        }
        return Files.createTempDirectory(Files.createDirectories(Path.of("target", "postgres")), name)
                .toAbsolutePath();
    }

    /** Of tests that were killed: nobody cleans memory up otherwise. */
    private static void deleteLeftovers() throws IOException {
        List<Path> leftovers;
        try (Stream<Path> all = Files.list(MEMORY)) {
            leftovers = all.filter(ServerFolder::isLeftBehind).toList();
        }
        for (Path leftover : leftovers) {
            try (Stream<Path> files = Files.walk(leftover)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            } catch (UncheckedIOException | NoSuchFileException | DirectoryNotEmptyException somebodyElseDeletesIt) {
                // Another JVM of the tests; what is left is there for the next.
            }
        }
    }

    private static boolean isLeftBehind(Path folder) {
        String name = String.valueOf(folder.getFileName());
        // Somebody else's cannot be deleted, nor is it ours to delete.
        if (!name.startsWith(PREFIX) || !Files.isWritable(folder)) {
            return false;
        }
        long pid = Long.parseLong(name.substring(PREFIX.length()).split("-", 2)[0]);
        return ProcessHandle.of(pid).isEmpty();
    }
}
