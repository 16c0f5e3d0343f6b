package io.refreshd.testing;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** A PgBouncer in front of a server that trusts every local user. */
public final class PgBouncer implements AutoCloseable {
    private final Process process;
    private final String url;

    private PgBouncer(Process process, String url) {
        this.process = process;
        this.url = url;
    }

    /** @param address where PgBouncer listens; another one than the server's lets it have the port of the server */
    public static PgBouncer start(Path folder, String address, int port, int server, String database, String mode)
            throws IOException {
        Installed.orSkip("pgbouncer");
        Path configuration = Files.writeString(
                folder.resolve("pgbouncer.ini"), """
                [databases]
                %1$s = host=127.0.0.1 port=%2$d dbname=%1$s user=postgres
                [pgbouncer]
                listen_addr = %3$s
                listen_port = %4$d
                auth_type = any
                pool_mode = %5$s
                unix_socket_dir =
                ignore_startup_parameters = extra_float_digits
                """.formatted(database, server, address, port, mode));
        List<String> command = new ArrayList<>();
        if ("root".equals(System.getProperty("user.name"))) {
            // PgBouncer refuses to run as root, like the server.
            command.addAll(List.of("unshare", "-U"));
        }
        command.addAll(List.of("pgbouncer", "-q", configuration.toString()));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("pgbouncer.log").toFile())
                .start();
        PgBouncer pooler = new PgBouncer(process, "jdbc:postgresql://" + address + ":" + port + "/" + database);
        try {
            Awaitility.await("pgbouncer listens").until(() -> {
                try (Socket socket = new Socket()) {
                    socket.connect(new InetSocketAddress(address, port), 1_000);
                    return true;
                } catch (IOException e) {
                    return false;
                }
            });
            return pooler;
        } catch (RuntimeException e) {
            pooler.close();
            throw new IOException(Files.readString(folder.resolve("pgbouncer.log")), e);
        }
    }

    public String url() {
        return url;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
