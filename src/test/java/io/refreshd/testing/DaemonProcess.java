package io.refreshd.testing;

import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** {@code refreshd run} in a process of its own, so that it can be killed, and seen from outside alone. */
public final class DaemonProcess implements AutoCloseable {
    private final Process process;
    private final Collection<String> lines = new ConcurrentLinkedQueue<>();

    private DaemonProcess(Process process) {
        this.process = process;
        follow(process.inputReader());
        follow(process.errorReader());
    }

    /** @param environment over the test's own; the log is configured as it is when deployed */
    public static DaemonProcess start(Path configuration, Map<String, String> environment) throws IOException {
        return start(
                configuration,
                environment,
                Objects.requireNonNull(DaemonProcess.class.getResource("/logback.xml"))
                        .toString());
    }

    public static DaemonProcess start(Path configuration, Map<String, String> environment, String logging)
            throws IOException {
        List<String> command = Deployed.command("-Dlogback.configurationFile=" + logging);
        command.addAll(List.of("run", "--config", configuration.toString()));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        return new DaemonProcess(builder.start());
    }

    /** Writes what {@link #start} takes, with a port of its own for HTTP: it cannot be told from outside which it got. */
    public static Path write(Path folder, String yaml) throws IOException {
        return Files.writeString(Files.createTempFile(folder, "refreshd", ".yaml"), yaml);
    }

    private void follow(BufferedReader reader) {
        Thread.ofVirtual().start(() -> {
            try (reader) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    lines.add(line);
                }
            } catch (IOException e) {
                lines.add("not readable any more: " + e);
            }
        });
    }

    /** All that it has printed so far, on both streams. */
    public List<String> lines() {
        return List.copyOf(lines);
    }

    /** How many of the lines hold the text. */
    public long count(String text) {
        return lines.stream().filter(line -> line.contains(text)).count();
    }

    public void awaitLine(String text) {
        await(text)
                .atMost(Duration.ofSeconds(30))
                .failFast(() -> {
                    if (!process.isAlive()) {
                        throw new AssertionError("ended with " + process.exitValue() + ": " + lines);
                    }
                })
                .until(() -> count(text) > 0);
    }

    /** The body of what its HTTP server answers; empty while it does not. */
    public static String get(int port, String path) throws InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (IOException notYet) {
            return "";
        }
    }

    /** SIGKILL: nothing of it runs any more when this returns. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** SIGTERM, and its exit code. */
    public int terminate() throws IOException, InterruptedException {
        Signals.send("TERM", process.pid());
        return awaitExit();
    }

    /** SIGSTOP: alive for the kernel and for the server, dead for everybody else. */
    public void freeze() throws IOException, InterruptedException {
        Signals.send("STOP", process.pid());
    }

    public void thaw() throws IOException, InterruptedException {
        Signals.send("CONT", process.pid());
    }

    public int awaitExit() throws InterruptedException {
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            throw new AssertionError("still runs: " + String.join("\n", lines));
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        Stream.concat(process.descendants(), Stream.of(process.toHandle())).forEach(ProcessHandle::destroyForcibly);
    }
}
