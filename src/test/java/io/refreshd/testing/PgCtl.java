package io.refreshd.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** A server controlled by pg_ctl: stopped, restarted, copied, and started with another clock. */
public final class PgCtl {
    private final Path bin;
    private final Path data;
    private final Path log;
    private final Map<String, String> environment;

    private PgCtl(Path bin, Path data) {
        this(bin, data, Map.of());
    }

    private PgCtl(Path bin, Path data, Map<String, String> environment) {
        this.bin = bin;
        this.data = data;
        this.environment = environment;
        this.log = data.resolveSibling("pg_ctl.log");
    }

    /** The server of a {@link io.refreshd.demo.LocalPostgres} with this folder. */
    public static PgCtl of(Path folder) throws IOException {
        Path data = folder.resolve("data");
        // The server writes this file at its start: PROGRAM "OPTION" …
        String options = Files.readString(data.resolve("postmaster.opts"));
        return new PgCtl(
                Objects.requireNonNull(
                        Path.of(options.substring(0, options.indexOf(" \""))).getParent()),
                data);
    }

    /** A copy of this stopped server without its slots: a backup, or a standby to be. */
    public PgCtl copy(Path folder) throws IOException, InterruptedException {
        PgCtl copy = new PgCtl(bin, Files.createDirectories(folder).resolve("data"));
        Process copying = new ProcessBuilder("cp", "-a", data.toString(), copy.data.toString()).start();
        if (TestTimeout.exitCode(copying) != 0) {
            throw new IOException("not copied: " + data);
        }
        try (Stream<Path> slots = Files.walk(copy.data.resolve("pg_replslot"))) {
            for (Path path : slots.sorted(Comparator.reverseOrder()).toList()) {
                if (!path.endsWith("pg_replslot")) {
                    Files.delete(path);
                }
            }
        }
        return copy;
    }

    /** From its next start on the server is in recovery until it is promoted. */
    public void standBy() throws IOException {
        Files.createFile(data.resolve("standby.signal"));
    }

    /** The same server. Its next process gets these environment variables. */
    public PgCtl with(Map<String, String> variables) {
        return new PgCtl(bin, data, variables);
    }

    /** Restarts without the options of the first start, which would override ALTER SYSTEM. */
    public void restart(int port) throws IOException, InterruptedException {
        restart(port, "");
    }

    /** Restarts with further options. */
    public void restart(int port, String options) throws IOException, InterruptedException {
        pgCtl("-m", "fast", "stop");
        startWith(port, options);
    }

    /** Starts with the settings of the configuration files. */
    public void start(int port) throws IOException, InterruptedException {
        startWith(port, "");
    }

    private void startWith(int port, String options) throws IOException, InterruptedException {
        pgCtl(
                "-o",
                "-p " + port + " -c listen_addresses=localhost -c unix_socket_directories="
                        + " -c dynamic_shared_memory_type=mmap " + options,
                "start");
    }

    public void stop() throws IOException, InterruptedException {
        pgCtl("-m", "immediate", "stop");
    }

    private void pgCtl(String... arguments) throws IOException, InterruptedException {
        String seconds = Long.toString(TestTimeout.LIMIT.toSeconds());
        List<String> all = new ArrayList<>(List.of("-D", data.toString(), "-w", "-t", seconds, "-l", log.toString()));
        all.addAll(List.of(arguments));
        run("pg_ctl", all.toArray(String[]::new));
    }

    /** PostgreSQL refuses to run as root, so root starts it in a user namespace of its own. */
    private void run(String program, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        if ("root".equals(System.getProperty("user.name"))) {
            command.addAll(List.of("unshare", "-U"));
        }
        command.add(bin.resolve(program).toString());
        command.addAll(List.of(arguments));
        Path output = data.resolveSibling("output.log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
        builder.environment().putAll(environment);
        Process process = builder.start();
        if (TestTimeout.exitCode(process) != 0) {
            throw new IOException(command + ": " + Files.readString(output));
        }
    }
}
