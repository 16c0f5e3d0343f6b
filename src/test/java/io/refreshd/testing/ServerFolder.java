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
 * Folders for the data of test servers, in memory if there is a file system with enough room.
 *
 * <p>Creating and dropping hundreds of databases takes three times as long on a disk.
 */
public final class ServerFolder {
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final long ROOM = 8L << 30;
    private static final String PREFIX = "refreshd-test-";

    private ServerFolder() {}

    /** Creates the temporary folders of tests that start and stop servers themselves. */
    public static final class Factory implements TempDirFactory {
        @Override
        public Path createTempDirectory(AnnotatedElementContext field, ExtensionContext test) throws IOException {
            return create(test.getRequiredTestClass().getSimpleName());
        }
    }

    /** A new folder; whoever closes the server deletes it. */
    public static synchronized Path create(String name) throws IOException {
        if (Files.isWritable(MEMORY) && Files.getFileStore(MEMORY).getUsableSpace() > ROOM) {
            deleteLeftovers();
            return Files.createTempDirectory(
                    MEMORY, PREFIX + ProcessHandle.current().pid() + "-" + name);
        }
        return Files.createTempDirectory(Files.createDirectories(Path.of("target", "postgres")), name)
                .toAbsolutePath();
    }

    /** Deletes folders of test JVMs that were killed. Nothing else would free that memory. */
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
                // Another JVM of the tests deletes the same folder; what is left is deleted next time.
            }
        }
    }

    private static boolean isLeftBehind(Path folder) {
        String name = String.valueOf(folder.getFileName());
        // A folder of another user can and must not be deleted.
        if (!name.startsWith(PREFIX) || !Files.isWritable(folder)) {
            return false;
        }
        long pid = Long.parseLong(name.substring(PREFIX.length()).split("-", 2)[0]);
        return ProcessHandle.of(pid).isEmpty();
    }
}
