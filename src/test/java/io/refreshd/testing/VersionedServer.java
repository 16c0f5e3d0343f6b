package io.refreshd.testing;

import io.refreshd.demo.LocalPostgres;
import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;

/** A server of a major version, which trusts every local user: the shared server for 18, a new one from its JAR otherwise. */
public final class VersionedServer implements AutoCloseable {
    private static final int SHARED = 18;

    private final UnaryOperator<String> url;
    private final AutoCloseable end;

    private VersionedServer(UnaryOperator<String> url, AutoCloseable end) {
        this.url = url;
        this.end = end;
    }

    public static VersionedServer start(int major) throws IOException, InterruptedException {
        if (major == SHARED) {
            return new VersionedServer(TestDatabase.server()::url, () -> {});
        }
        LocalPostgres server = OwnServer.start(ServerFolder.create("postgres-" + major), Map.of(), binaries(major));
        return new VersionedServer(server::url, server);
    }

    /** The program of a major version. */
    public static PgBinaryResolver binaries(int major) {
        return major == SHARED
                ? DefaultPostgresBinaryResolver.INSTANCE
                : (system, hardware) -> program(Path.of("target", "older-servers", "postgres-" + major + ".jar"));
    }

    private static InputStream program(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            ZipEntry entry = file.stream()
                    .filter(candidate -> candidate.getName().endsWith(".txz"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("no packed server in " + jar));
            try (InputStream packed = file.getInputStream(entry)) {
                return new ByteArrayInputStream(packed.readAllBytes());
            }
        }
    }

    public String url(String database) {
        return url.apply(database);
    }

    @Override
    public void close() throws Exception {
        end.close();
    }
}
