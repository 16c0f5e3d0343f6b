package io.refreshd.testing;

import io.refreshd.demo.LocalPostgres;
import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** A server that trusts everybody, with the program that all tests share: unpacking it takes seconds of a processor. */
public final class OwnServer {
    public static final Path PROGRAM = Path.of("target", "postgres", "program").toAbsolutePath();

    private OwnServer() {}

    /** @param folder of the data; it goes when the server is closed */
    public static LocalPostgres start(Path folder, Map<String, String> settings) throws IOException {
        return start(folder, settings, DefaultPostgresBinaryResolver.INSTANCE);
    }

    /** @param binaries of another version than the newest */
    public static LocalPostgres start(Path folder, Map<String, String> settings, PgBinaryResolver binaries)
            throws IOException {
        LocalPostgres started = LocalPostgres.start(folder.toAbsolutePath(), PROGRAM, settings, binaries);
        try {
            InitialData.keep(PROGRAM);
        } catch (IOException e) {
            started.close();
            throw e;
        }
        return started;
    }
}
