package io.refreshd.bench;

import io.refreshd.demo.FreePort;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code refreshd run} as it is deployed: a process of its own, started by the launcher with the launcher's options. */
final class DaemonProcess implements AutoCloseable {
    private static final Pattern AVOIDED =
            Pattern.compile("refreshd_refreshes_avoided_total\\{.*reason=\"([a-z_]+)\".*} (.*)");

    private final Process process;
    private final int port;
    private final Path log;
    /** An orchestrator asks once in seconds; each answer costs the daemon that is starting a look at all views. */
    private static final Duration PROBE = Duration.ofMillis(50);

    private final double readySeconds;

    private DaemonProcess(Process process, int port, Path log) {
        this.process = process;
        this.port = port;
        this.log = log;
        try {
            this.readySeconds = Waiting.until("refreshd is ready, see " + log, PROBE, this::ready);
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
        int port = FreePort.find();
        Path configuration = Files.writeString(folder.resolve("refreshd.yaml"), """
                database: { url: "%s", user: "%s", password: "${BENCH_PASSWORD}" }
                views: { include: ["public.*"], quiet-period: %s, target-lag: %s }
                capture: { slot: %s, heartbeat-interval: 1s }
                http: { listen: "127.0.0.1:%d" }
                %s""".formatted(
                        stage.url(), stage.server().user(), quietPeriod, targetLag, stage.slot(), port, more));
        Path log = folder.resolve("refreshd.log");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of("refreshd").toAbsolutePath().toString(), "run", "--config", configuration.toString())
                .redirectErrorStream(true)
                .redirectOutput(Redirect.appendTo(log.toFile()));
        builder.environment().put(BareReader.PASSWORD, stage.server().password());
        return new DaemonProcess(builder.start(), port, log);
    }

    private boolean ready() throws IOException {
        if (!process.isAlive()) {
            throw new IllegalStateException("refreshd ended, see " + log);
        }
        try {
            return open("/readyz").getResponseCode() == 200;
        } catch (ConnectException notYet) {
            return false;
        }
    }

    private HttpURLConnection open(String path) throws IOException {
        return (HttpURLConnection)
                URI.create("http://127.0.0.1:" + port + path).toURL().openConnection();
    }

    /** Refreshes avoided so far, of all views, by reason. */
    Map<String, Long> avoided() throws IOException {
        Map<String, Long> avoided = new TreeMap<>();
        try (InputStream answer = open("/metrics").getInputStream()) {
            for (String line : new String(answer.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                Matcher sample = AVOIDED.matcher(line);
                if (sample.matches()) {
                    avoided.merge(sample.group(1), (long) Double.parseDouble(sample.group(2)), Long::sum);
                }
            }
        }
        if (avoided.isEmpty()) {
            throw new IllegalStateException("/metrics tells of no refreshes avoided: has the series another name?");
        }
        return avoided;
    }

    /** Bytes of the answer, all of which was read. */
    int get(String path) throws IOException {
        try (InputStream answer = open(path).getInputStream()) {
            return answer.readAllBytes().length;
        }
    }

    int port() {
        return port;
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
