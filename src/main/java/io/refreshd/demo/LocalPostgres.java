package io.refreshd.demo;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A PostgreSQL of its own in a folder of its own, with logical decoding on. Serves the demo and the tests.
 *
 * <p>Works as root too, where PostgreSQL refuses to start: the library then starts it in a user namespace.
 */
public final class LocalPostgres implements AutoCloseable {
    public static final String USER = "postgres";

    private static final Duration START = Duration.ofSeconds(60);

    private final EmbeddedPostgres server;
    private final Path folder;
    private boolean closed;

    private LocalPostgres(EmbeddedPostgres server, Path folder) {
        this.server = server;
        this.folder = folder;
    }

    /**
     * @param folder is made if it is missing, holds program and data, and is deleted by {@link #close()}
     * @param settings server settings over the defaults
     */
    public static LocalPostgres start(Path folder, Map<String, String> settings) throws IOException {
        Files.createDirectories(folder);
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setOverrideWorkingDirectory(folder.toFile())
                .setDataDirectory(folder.resolve("data"))
                .setPGStartupWait(START)
                .setServerConfig("wal_level", "logical")
                // The library switches it off for speed, and what is tested here is when a commit becomes visible.
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("max_wal_senders", "50")
                .setServerConfig("max_replication_slots", "50")
                .setServerConfig("max_connections", "200");
        settings.forEach(builder::setServerConfig);
        return new LocalPostgres(builder.start(), folder);
    }

    public String url(String database) {
        return "jdbc:postgresql://localhost:" + server.getPort() + "/" + database;
    }

    public int port() {
        return server.getPort();
    }

    /** Stops the server and deletes its folder; does nothing the second time. */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        server.close();
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(LocalPostgres::delete);
        }
    }

    private static void delete(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
