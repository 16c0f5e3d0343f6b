package io.refreshd.testing;

import io.refreshd.demo.LocalPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A PostgreSQL with password authentication and TLS; all tests of this JVM share it. */
public final class StrictServer {
    public static final String PASSWORD = "super-s3cret";
    private static final String STORE_PASSWORD = "of-no-account";
    private static final Map<String, IdleConnections> IDLE = new ConcurrentHashMap<>();
    private static @Nullable StrictServer shared;

    private final LocalPostgres server;
    private final Path certificates;

    private StrictServer(LocalPostgres server, Path certificates) {
        this.server = server;
        this.certificates = certificates;
    }

    public static synchronized StrictServer shared() throws IOException, GeneralSecurityException {
        if (shared == null) {
            Path certificates = certificates();
            LocalPostgres started = LocalPostgres.start(
                    ServerFolder.create("strict"),
                    OwnServer.PROGRAM,
                    Map.of(
                            "ssl", "on",
                            "ssl_cert_file", certificates.resolve("server.crt").toString(),
                            "ssl_key_file", certificates.resolve("server.key").toString()),
                    PASSWORD);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                try {
                    started.close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }));
            shared = new StrictServer(started, certificates);
        }
        return shared;
    }

    public String url(String database) {
        return server.url(database);
    }

    public int port() {
        return server.port();
    }

    /** The certificate authority of the server. */
    public Path authority() {
        return certificates.resolve("ca.crt");
    }

    /** A certificate authority that did not sign the certificate of the server. */
    public Path otherAuthority() {
        return certificates.resolve("other.crt");
    }

    /** Runs statements as superuser, each in a transaction of its own. */
    public void execute(String database, String... statements) throws SQLException {
        run(url(database), PASSWORD, statements);
    }

    public List<String> query(String database, String sql) throws SQLException {
        return ask(url(database), PASSWORD, sql);
    }

    public static void run(String url, String password, String... statements) throws SQLException {
        connections(url, password).with(statement -> {
            for (String sql : statements) {
                statement.execute(sql);
            }
            return statements;
        });
    }

    public static List<String> ask(String url, String password, String sql) throws SQLException {
        return connections(url, password).with(statement -> {
            try (ResultSet rows = statement.executeQuery(sql)) {
                List<String> result = new ArrayList<>();
                while (rows.next()) {
                    result.add(rows.getString(1));
                }
                return result;
            }
        });
    }

    private static IdleConnections connections(String url, String password) {
        return IDLE.computeIfAbsent(url, any -> new IdleConnections(url, LocalPostgres.USER, password));
    }

    /**
     * Certificates of today, valid for two days. keytool takes seconds of CPU, so all JVMs of a build share what the first
     * one created.
     */
    private static Path certificates() throws IOException, GeneralSecurityException {
        Path base = Files.createDirectories(Path.of("target", "postgres")).toAbsolutePath();
        Path made = base.resolve("tls-" + LocalDate.now(ZoneOffset.UTC));
        try (FileChannel file = FileChannel.open(
                        base.resolve("tls.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = file.lock()) {
            if (held.isValid() && !Files.exists(made)) {
                Path folder = Files.createTempDirectory(base, "tls");
                makeCertificates(folder);
                Files.move(folder, made);
            }
        }
        return made;
    }

    private static void makeCertificates(Path folder) throws IOException, GeneralSecurityException {
        for (String authority : List.of("ca", "other")) {
            keytool(
                    folder,
                    "-genkeypair",
                    "-alias",
                    authority,
                    "-dname",
                    "CN=" + authority,
                    "-keystore",
                    authority + ".p12",
                    "-keyalg",
                    "EC",
                    "-ext",
                    "bc:c",
                    "-validity",
                    "2");
            keytool(
                    folder,
                    "-exportcert",
                    "-rfc",
                    "-alias",
                    authority,
                    "-keystore",
                    authority + ".p12",
                    "-file",
                    authority + ".crt");
        }
        keytool(
                folder,
                "-genkeypair",
                "-alias",
                "server",
                "-dname",
                "CN=server",
                "-keystore",
                "server.p12",
                "-keyalg",
                "EC",
                "-validity",
                "2");
        keytool(folder, "-certreq", "-alias", "server", "-keystore", "server.p12", "-file", "server.csr");
        keytool(
                folder,
                "-gencert",
                "-rfc",
                "-alias",
                "ca",
                "-keystore",
                "ca.p12",
                "-infile",
                "server.csr",
                "-outfile",
                "server.crt",
                "-ext",
                "san=dns:localhost",
                "-validity",
                "2");
        KeyStore store = KeyStore.getInstance(folder.resolve("server.p12").toFile(), STORE_PASSWORD.toCharArray());
        byte[] key = store.getKey("server", STORE_PASSWORD.toCharArray()).getEncoded();
        Path file = Files.createFile(
                folder.resolve("server.key"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(
                file,
                "-----BEGIN PRIVATE KEY-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key)
                        + "\n-----END PRIVATE KEY-----\n");
    }

    private static void keytool(Path folder, String... arguments) throws IOException {
        List<String> command =
                new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/keytool", "-J-XX:TieredStopAtLevel=1"));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storepass", STORE_PASSWORD));
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("keytool.log").toFile())
                .start();
        try {
            if (TestTimeout.exitCode(process) != 0) {
                throw new IOException(command + " failed: " + Files.readString(folder.resolve("keytool.log")));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
