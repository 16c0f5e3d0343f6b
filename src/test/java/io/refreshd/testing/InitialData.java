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

/** Puts {@code initdb.sh} in the place of an unpacked initdb. Other JVMs may be running it: there is one at every moment. */
final class InitialData {
    private InitialData() {}

    /** @param unpacked where programs of servers are, one folder for each version */
    static void keep(Path unpacked) throws IOException {
        List<Path> programs;
        try (Stream<Path> folders = Files.list(unpacked)) {
            programs = folders.map(folder -> folder.resolve("bin").resolve("initdb"))
                    .filter(Files::exists)
                    .toList();
        }
        for (Path program : programs) {
            Path unpackedWhole = program.getParent().resolveSibling(".exists");
            // Without it somebody is still unpacking: there will be another time.
            if (Files.exists(program.resolveSibling("initdb-original")) || !Files.exists(unpackedWhole)) {
                continue;
            }
            // The library unpacks anew what is younger than this.
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
