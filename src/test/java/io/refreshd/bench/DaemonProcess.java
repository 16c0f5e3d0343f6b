package io.refreshd.bench;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** {@code refreshd run} as it is deployed: a process of its own, started by the launcher with the launcher's options. */
final class DaemonProcess implements AutoCloseable {
    private final Process process;
    private final int port;
    private final Path log;
    private final double readySeconds;

    private DaemonProcess(Process process, int port, Path log) {
        this.process = process;
        this.port = port;
        this.log = log;
        try {
            this.readySeconds = Waiting.until("refreshd is ready, see " + log, this::ready);
        } catch (RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** Returns once it is ready. */
    static DaemonProcess start(Stage stage, String quietPeriod, String targetLag) throws IOException {
        return start(stage, quietPeriod, targetLag, "");
    }

    /** @param more of the configuration, at its top level */
    static DaemonProcess start(Stage stage, String quietPeriod, String targetLag, String more) throws IOException {
        Path folder = Files.createDirectories(Path.of("target", "bench")).toAbsolutePath();
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Path configuration = Files.writeString(folder.resolve("refreshd.yaml"), """
                database: { url: "%s", user: postgres }
                views: { include: ["public.*"], quiet-period: %s, target-lag: %s }
                capture: { slot: %s, heartbeat-interval: 1s }
                http: { listen: "127.0.0.1:%d" }
                %s""".formatted(
                        stage.url(), quietPeriod, targetLag, Stage.SLOT, port, more));
        Path log = folder.resolve("refreshd.log");
        Process process = new ProcessBuilder(
                        Path.of("refreshd").toAbsolutePath().toString(), "run", "--config", configuration.toString())
                .redirectErrorStream(true)
                .redirectOutput(Redirect.appendTo(log.toFile()))
                .start();
        return new DaemonProcess(process, port, log);
    }

    private boolean ready() throws IOException {
        if (!process.isAlive()) {
            throw new IllegalStateException("refreshd ended, see " + log);
        }
        try {
            HttpURLConnection request = (HttpURLConnection)
                    URI.create("http://127.0.0.1:" + port + "/readyz").toURL().openConnection();
            return request.getResponseCode() == 200;
        } catch (ConnectException notYet) {
            return false;
        }
    }

    /** From the start of the process to the first "ready". */
    double readySeconds() {
        return readySeconds;
    }

    long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
        }
    }
}
