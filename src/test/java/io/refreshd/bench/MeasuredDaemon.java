package io.refreshd.bench;

import io.refreshd.demo.FreePort;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.Deployed;
import io.refreshd.testing.TestTimeout;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A daemon as users start it, with the time until it was ready and access to its HTTP server. */
final class MeasuredDaemon implements AutoCloseable {
    private static final Pattern AVOIDED =
            Pattern.compile("refreshd_refreshes_avoided_total\\{.*reason=\"([a-z_]+)\".*} (.*)");

    /**
     * Pause between two requests for readiness. Not shorter, since each answer costs the starting daemon a look at all
     * views.
     */
    private static final Duration READINESS_PAUSE = Duration.ofMillis(50);

    private final DaemonProcess process;
    private final int port;
    private final Path log;
    private final double readySeconds;

    private MeasuredDaemon(DaemonProcess process, int port, Path log, boolean awaitReady) {
        this.process = process;
        this.port = port;
        this.log = log;
        try {
            this.readySeconds = awaitReady
                    ? Waiting.until("refreshd is ready, see " + log, READINESS_PAUSE, this::ready)
                    : Double.NaN;
        } catch (RuntimeException e) {
            process.close();
            throw e;
        }
    }

    /** Returns once the daemon is ready. */
    static MeasuredDaemon start(BenchDatabase database, String quietPeriod, String targetLag) throws IOException {
        return start(database, quietPeriod, targetLag, "");
    }

    /** @param more of the configuration, at its top level */
    static MeasuredDaemon start(BenchDatabase database, String quietPeriod, String targetLag, String more)
            throws IOException {
        return startOn(capture(database) + more, database, quietPeriod, targetLag);
    }

    static String capture(BenchDatabase database) {
        return "capture: { slot: " + database.slot() + ", heartbeat-interval: 1s }\n";
    }

    /** @param source the section {@code capture} of the configuration, and others at its top level */
    static MeasuredDaemon startOn(String source, BenchDatabase database, String quietPeriod, String targetLag)
            throws IOException {
        return start(source, database, quietPeriod, targetLag, true);
    }

    /** Returns at once. */
    static MeasuredDaemon beginOn(String source, BenchDatabase database, String quietPeriod, String targetLag)
            throws IOException {
        return start(source, database, quietPeriod, targetLag, false);
    }

    private static MeasuredDaemon start(
            String source, BenchDatabase database, String quietPeriod, String targetLag, boolean awaitReady)
            throws IOException {
        int port = FreePort.find();
        Path configuration = configuration(
                database, "quiet-period: %s, target-lag: %s".formatted(quietPeriod, targetLag), port, source);
        Path log = configuration.resolveSibling("refreshd.log");
        DaemonProcess process = DaemonProcess.of(configuration)
                .environment(Map.of(BareReader.PASSWORD, database.server().password()))
                .logFile(log)
                .asInstalled()
                .start();
        return new MeasuredDaemon(process, port, log, awaitReady);
    }

    /** The sum of a counter over all its labels; 0 while nobody answers. */
    long count(String counter) throws IOException {
        try (InputStream answer = open("/metrics").getInputStream()) {
            return new String(answer.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.startsWith(counter + "{") || line.startsWith(counter + " "))
                    .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                    .sum();
        } catch (SocketException notYet) {
            return 0;
        }
    }

    /** Makes materialized views incremental with the verb that users have. No daemon need run. */
    static void convert(BenchDatabase database, List<String> views) throws Exception {
        Path configuration = configuration(database, "", FreePort.find(), capture(database));
        List<String> arguments = new ArrayList<>(List.of("convert", "--apply", "--config", configuration.toString()));
        views.forEach(view -> arguments.add("public." + view));
        ProcessBuilder verb = Deployed.asInstalled(arguments.toArray(String[]::new))
                .redirectErrorStream(true)
                .redirectOutput(configuration.resolveSibling("convert.log").toFile());
        verb.environment().put(BareReader.PASSWORD, database.server().password());
        if (TestTimeout.exitCode(verb.start()) != 0) {
            throw new IllegalStateException(
                    "not converted: " + Files.readString(configuration.resolveSibling("convert.log")));
        }
    }

    private static Path configuration(BenchDatabase database, String views, int port, String more) throws IOException {
        Path folder = Files.createDirectories(Path.of("target", "bench")).toAbsolutePath();
        return Files.writeString(folder.resolve("refreshd.yaml"), """
                database: { url: "%s", user: "%s", password: "${BENCH_PASSWORD}" }
                views: { include: ["public.*"]%s }
                http: { listen: "127.0.0.1:%d" }
                %s""".formatted(
                        database.url(), database.server().user(), views.isEmpty() ? "" : ", " + views, port, more));
    }

    private boolean ready() throws IOException {
        if (!process.isAlive()) {
            throw new IllegalStateException("refreshd ended, see " + log);
        }
        try {
            return open("/readyz").getResponseCode() == 200;
        } catch (SocketException notYet) {
            // Nobody listens, or another program did on this port for a moment.
            return false;
        }
    }

    private HttpURLConnection open(String path) throws IOException {
        return (HttpURLConnection)
                URI.create("http://127.0.0.1:" + port + path).toURL().openConnection();
    }

    /** Refreshes of all views that were avoided so far, by reason. */
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
            throw new IllegalStateException("/metrics has no refreshes avoided: has the series another name?");
        }
        return avoided;
    }

    /** Reads an answer to its end. @return its size in bytes */
    int get(String path) throws IOException {
        try (InputStream answer = open(path).getInputStream()) {
            return answer.readAllBytes().length;
        }
    }

    int port() {
        return port;
    }

    /** From the start of the process to the first answer that says so. */
    double readySeconds() {
        return readySeconds;
    }

    long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        try {
            process.terminate();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.close();
        }
    }
}
