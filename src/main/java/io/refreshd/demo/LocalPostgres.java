package io.refreshd.demo;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A PostgreSQL of its own in a folder of its own, with logical decoding on. Serves the demo and the tests.
 *
 * <p>Works as root too, where PostgreSQL refuses to start: the library then starts it in a user namespace. What it
 * writes is in the folder: data, log, dynamic shared memory. It listens on the loopback interface alone and
 * opens no socket file.
 */
public final class LocalPostgres implements AutoCloseable {
    public static final String USER = "postgres";

    /** Long, since a busy machine may need minutes; a server that ends instead of starting is noticed at once. */
    private static final Duration START = Duration.ofMinutes(10);
    /** Longer than the library's own five seconds for an orderly stop, which have passed when this one begins. */
    private static final Duration KILL = Duration.ofSeconds(60);
    /** Where the library looks for leftovers of earlier runs; by default a folder in /tmp, which it makes and leaves. */
    private static final String LIBRARY_FOLDER = "ot.epg.working-dir";

    private static final int TAIL = 20;

    private final EmbeddedPostgres server;
    private final Path folder;
    private boolean closed;

    private LocalPostgres(EmbeddedPostgres server, Path folder) {
        this.server = server;
        this.folder = folder;
    }

    /**
     * A server that trusts every local connection.
     *
     * @param folder is made if it is missing, holds the data, and is deleted by {@link #close()}
     * @param program where the program is unpacked to, or already was: servers may share it, and it stays
     * @param settings server settings over the defaults
     * @param binaries where its program is read from
     */
    public static LocalPostgres start(
            Path folder, Path program, Map<String, String> settings, PgBinaryResolver binaries) throws IOException {
        return start(folder, program, settings, Optional.empty(), binaries);
    }

    /**
     * A server that asks everybody for a password, from its first moment on: whoever else works on this machine can reach
     * the port too, and a superuser may run programs.
     *
     * @param program where the program is unpacked to, or already was
     * @param password of {@link #USER}
     */
    public static LocalPostgres start(Path folder, Path program, Map<String, String> settings, String password)
            throws IOException {
        return start(folder, program, settings, Optional.of(password), DefaultPostgresBinaryResolver.INSTANCE);
    }

    private static LocalPostgres start(
            Path folder,
            Path program,
            Map<String, String> settings,
            Optional<String> password,
            PgBinaryResolver binaries)
            throws IOException {
        Files.createDirectories(folder);
        try {
            return new LocalPostgres(launch(folder, program, settings, password, binaries), folder);
        } catch (IOException | RuntimeException | ExceptionInInitializerError e) {
            IOException failure = new IOException(
                    "PostgreSQL did not start in " + folder + "\n" + String.join("\n", tail(log(folder))), e);
            try {
                endProcess(folder);
                Folders.delete(folder);
            } catch (IOException cleanup) {
                failure.addSuppressed(cleanup);
            }
            throw failure;
        }
    }

    private static EmbeddedPostgres launch(
            Path folder,
            Path program,
            Map<String, String> settings,
            Optional<String> password,
            PgBinaryResolver binaries)
            throws IOException {
        // A folder of its own: the library makes the one it unpacks to writable for everybody.
        Files.createDirectories(program);
        Redirect log = Redirect.appendTo(log(folder).toFile());
        synchronized (LocalPostgres.class) {
            String before = System.getProperty(LIBRARY_FOLDER);
            System.setProperty(LIBRARY_FOLDER, program.toString());
            try {
                EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                        .setOverrideWorkingDirectory(program.toFile())
                        .setDataDirectory(folder.resolve("data"))
                        .setPort(FreePort.find())
                        .setPGStartupWait(START)
                        .setOutputRedirector(log)
                        .setErrorRedirector(log)
                        // Its hook would stop the server under whoever still drains.
                        .setRegisterShutdownHook(false)
                        // A new object each time: the library remembers by resolver where it unpacked, and another
                        // server's folder may go away before this one does.
                        .setPgBinaryResolver(new OwnBinaries(new Object(), binaries));
                authentication(builder, folder, password);
                settings(builder);
                settings.forEach(builder::setServerConfig);
                return builder.start();
            } finally {
                if (before == null) {
                    System.clearProperty(LIBRARY_FOLDER);
                } else {
                    System.setProperty(LIBRARY_FOLDER, before);
                }
            }
        }
    }

    private static void settings(EmbeddedPostgres.Builder builder) {
        builder.setServerConfig("wal_level", "logical")
                // The library switches it off for speed, and what is tested here is when a commit becomes visible.
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("max_wal_senders", "50")
                .setServerConfig("max_replication_slots", "50")
                .setServerConfig("max_connections", "200")
                .setServerConfig("listen_addresses", "localhost")
                .setServerConfig("unix_socket_directories", "")
                // In the data folder instead of /dev/shm: small in containers, and left behind by a killed server.
                .setServerConfig("dynamic_shared_memory_type", "mmap")
                // Whatever LANG says, and whether or not this machine knows that locale.
                .setLocaleConfig("locale", "C");
    }

    /** The library always asks initdb for "trust", but appends these options, and the last one counts. */
    private static void authentication(EmbeddedPostgres.Builder builder, Path folder, Optional<String> password)
            throws IOException {
        if (password.isEmpty()) {
            return;
        }
        Path file = Folders.writePrivate(folder.resolve("superuser"), password.get());
        builder.setLocaleConfig("auth", "scram-sha-256")
                .setLocaleConfig("pwfile", file.toString())
                .setConnectConfig("password", password.get());
    }

    private record OwnBinaries(Object identity, PgBinaryResolver binaries) implements PgBinaryResolver {
        @Override
        public InputStream getPgBinary(String system, String machineHardware) throws IOException {
            return binaries.getPgBinary(system, machineHardware);
        }
    }

    public String url(String database) {
        return "jdbc:postgresql://localhost:" + server.getPort() + "/" + database;
    }

    public int port() {
        return server.getPort();
    }

    /** The last lines the server wrote. */
    public List<String> logTail() {
        return tail(log(folder));
    }

    private static Path log(Path folder) {
        return folder.resolve("postgres.log");
    }

    private static List<String> tail(Path log) {
        return Folders.tail(log, TAIL);
    }

    /** Stops the server and deletes its folder; does nothing the second time. */
    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        server.close();
        endProcess(folder);
        Folders.delete(folder);
    }

    /** The library only logs it when the server does not stop in time: then it is killed here. */
    private static void endProcess(Path folder) throws IOException {
        Path data = folder.resolve("data");
        Path pidFile = data.resolve("postmaster.pid");
        if (!Files.exists(pidFile)) {
            return;
        }
        long pid = Long.parseLong(Files.readAllLines(pidFile).getFirst().strip());
        // A crashed server leaves its file, and the number may be somebody else's by now.
        Optional<ProcessHandle> postmaster = ProcessHandle.of(pid)
                .filter(process -> process.info()
                        .arguments()
                        .filter(arguments -> List.of(arguments).contains(data.toString()))
                        .isPresent());
        if (postmaster.isEmpty()) {
            return;
        }
        try {
            // An immediate shutdown: the postmaster ends its children and gives its shared memory back. A plain kill
            // of the postmaster would leave both to themselves.
            new ProcessBuilder("kill", "-QUIT", Long.toString(pid))
                    .redirectErrorStream(true)
                    .redirectOutput(Redirect.DISCARD)
                    .start()
                    .waitFor();
            postmaster.get().onExit().get(KILL.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            postmaster.get().destroyForcibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            postmaster.get().destroyForcibly();
        } catch (ExecutionException e) {
            throw new IOException("cannot end the PostgreSQL process " + pid, e);
        }
    }
}
