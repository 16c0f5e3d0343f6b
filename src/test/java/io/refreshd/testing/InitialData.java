package io.refreshd.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Replaces an unpacked initdb by {@code initdb.sh}.
 *
 * <p>Invariant: the file exists at every moment, since another JVM may be starting it.
 */
final class InitialData {
    private InitialData() {}

    /** @param unpacked folder with the programs of all servers, one subfolder for each version */
    static void keep(Path unpacked) throws IOException {
        List<Path> programs;
        try (Stream<Path> folders = Files.list(unpacked)) {
            programs = folders.map(folder -> folder.resolve("bin").resolve("initdb"))
                    .filter(Files::exists)
                    .toList();
        }
        for (Path program : programs) {
            Path unpackedWhole = program.getParent().resolveSibling(".exists");
            // This file is written last. While it is missing, another JVM unpacks the program, and a later call
            // replaces initdb.
            if (Files.exists(program.resolveSibling("initdb-original")) || !Files.exists(unpackedWhole)) {
                continue;
            }
            // The library would unpack the program again if a file of it were newer than this one.
            Files.setLastModifiedTime(unpackedWhole, FileTime.from(Instant.now().plusSeconds(60)));
            try {
                Files.createLink(program.resolveSibling("initdb-original"), program);
            } catch (FileAlreadyExistsException somebodyWasFaster) {
                continue;
            }
            Path script = Files.createTempFile(program.getParent(), "initdb", ".sh");
            try (InputStream text = Objects.requireNonNull(InitialData.class.getResourceAsStream("initdb.sh"))) {
                Files.copy(text, script, StandardCopyOption.REPLACE_EXISTING);
            }
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.move(script, program, StandardCopyOption.ATOMIC_MOVE);
        }
    }
}
