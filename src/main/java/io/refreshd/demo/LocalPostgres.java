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
 * A PostgreSQL server in a folder of its own, with logical decoding on. The demo and the tests use it.
 *
 * <p>It also runs as root, although PostgreSQL refuses to: the library then starts it in a user namespace. All that the server
 * writes is in the folder: data, log, dynamic shared memory. It listens on the loopback interface only, and opens no socket file.
 */
public final class LocalPostgres implements AutoCloseable {
    public static final String USER = "postgres";

    private static final Duration START_TIMEOUT = Duration.ofMinutes(10);
    /** How long an immediate shutdown may take. It begins when the library's own five seconds for a fast one have passed. */
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(60);
    /** System property: where the library looks for leftovers of earlier runs. Its default is in /tmp and never deleted. */
    private static final String LIBRARY_FOLDER = "ot.epg.working-dir";

    private static final int LOG_TAIL_LINES = 20;

    private final EmbeddedPostgres server;
    private final Path folder;
    private boolean closed;

    private LocalPostgres(EmbeddedPostgres server, Path folder) {
        this.server = server;
        this.folder = folder;
    }

    /**
     * Starts a server that trusts every local connection. Blocks until it accepts connections.
     *
     * @param folder holds the data; created if it is missing, deleted by {@link #close()}
     * @param program the folder to which the binaries are unpacked, or already were; servers may share it, and it stays
     * @param settings server settings that override the defaults
     * @param binaries where the binaries are read from
     */
    public static LocalPostgres start(
            Path folder, Path program, Map<String, String> settings, PgBinaryResolver binaries) throws IOException {
        return start(folder, program, settings, Optional.empty(), binaries);
    }

    /**
     * Starts a server that asks every user for a password, from its first moment on. Other users of the machine can reach the port
     * too, and a superuser of PostgreSQL may run programs. Blocks until it accepts connections.
     *
     * @param program the folder to which the binaries are unpacked, or already were
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
                DemoFiles.delete(folder);
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
        // The binaries have a folder of their own, since the library makes it writable for everybody.
        Files.createDirectories(program);
        Redirect log = Redirect.appendTo(log(folder).toFile());
        synchronized (LocalPostgres.class) {
            String before = System.getProperty(LIBRARY_FOLDER);
            System.setProperty(LIBRARY_FOLDER, program.toString());
            try {
                EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                        .setOverrideWorkingDirectory(program.toFile())
                        .setDataDirectory(data(folder))
                        .setPort(FreePort.find())
                        .setPGStartupWait(START_TIMEOUT)
                        .setOutputRedirector(log)
                        .setErrorRedirector(log)
                        // The library's hook would stop the server while the daemon still drains.
                        .setRegisterShutdownHook(false)
                        // A new object each time: the library remembers by resolver where it unpacked the binaries,
                        // and that folder may have been deleted with another server.
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
                // The library sets it to off for speed; tests depend on when a commit becomes visible.
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("max_wal_senders", "50")
                .setServerConfig("max_replication_slots", "50")
                .setServerConfig("max_connections", "200")
                .setServerConfig("listen_addresses", "localhost")
                .setServerConfig("unix_socket_directories", "")
                // Files in the data folder. /dev/shm is small in containers, and a killed server leaves its files
                // there.
                .setServerConfig("dynamic_shared_memory_type", "mmap")
                // LANG may name a locale that this machine does not have.
                .setLocaleConfig("locale", "C");
    }

    /** Overrides the library's "trust": initdb takes the last of repeated options, and these come after the library's. */
    private static void authentication(EmbeddedPostgres.Builder builder, Path folder, Optional<String> password)
            throws IOException {
        if (password.isEmpty()) {
            return;
        }
        Path file = DemoFiles.writePrivate(folder.resolve("superuser"), password.get());
        builder.setLocaleConfig("auth", "scram-sha-256")
                .setLocaleConfig("pwfile", file.toString())
                .setConnectConfig("password", password.get());
    }

    /** A resolver that equals no other, by its identity. */
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

    /** The last lines of the server's log. */
    public List<String> logTail() {
        return tail(log(folder));
    }

    /** Where the server that has this folder keeps its data. */
    static Path data(Path folder) {
        return folder.resolve("data");
    }

    private static Path log(Path folder) {
        return folder.resolve("postgres.log");
    }

    private static List<String> tail(Path log) {
        return DemoFiles.tail(log, LOG_TAIL_LINES);
    }

    /** Stops the server and deletes its folder. Does nothing the second time. */
    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        server.close();
        endProcess(folder);
        DemoFiles.delete(folder);
    }

    /** Ends the server if it is still running. The library only logs it when the server does not stop in time. */
    private static void endProcess(Path folder) throws IOException {
        Path data = data(folder);
        Path pidFile = data.resolve("postmaster.pid");
        if (!Files.exists(pidFile)) {
            return;
        }
        long pid = Long.parseLong(Files.readAllLines(pidFile).getFirst().strip());
        // A crashed server leaves its pid file, and another process may have the pid by now.
        Optional<ProcessHandle> postmaster = ProcessHandle.of(pid)
                .filter(process -> process.info()
                        .arguments()
                        .filter(arguments -> List.of(arguments).contains(data.toString()))
                        .isPresent());
        if (postmaster.isEmpty()) {
            return;
        }
        try {
            // SIGQUIT is an immediate shutdown: the postmaster ends its children and releases the shared memory. A
            // SIGKILL of the postmaster would leave both behind.
            new ProcessBuilder("kill", "-QUIT", Long.toString(pid))
                    .redirectErrorStream(true)
                    .redirectOutput(Redirect.DISCARD)
                    .start()
                    .waitFor();
            postmaster.get().onExit().get(KILL_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
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
