package io.refreshd.testing;

import io.refreshd.demo.LocalPostgres;
import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * A server of one test, which trusts every local user. All tests share the unpacked program: unpacking takes seconds of CPU.
 */
public final class OwnServer {
    public static final Path PROGRAM = Path.of("target", "postgres", "program").toAbsolutePath();

    private OwnServer() {}

    /** @param folder of the data; closing the server deletes it */
    public static LocalPostgres start(Path folder, Map<String, String> settings) throws IOException {
        return start(folder, settings, DefaultPostgresBinaryResolver.INSTANCE);
    }

    /** @param binaries the program, if it is not the newest version */
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
