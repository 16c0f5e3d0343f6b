package io.refreshd.testing;

import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/** {@code refreshd run} as a process: a test can kill it, and sees what a user sees. */
public final class DaemonProcess implements AutoCloseable {
    private final Process process;
    private final Collection<String> lines = new ConcurrentLinkedQueue<>();

    private DaemonProcess(Process process) {
        this.process = process;
    }

    /** A daemon that has not been started yet. By default {@link DaemonProcess#lines} collects its output. */
    public static final class Launch {
        private final Path configuration;
        private final Map<String, String> environment = new HashMap<>();
        private Optional<String> logback = Optional.empty();
        private Optional<Path> logFile = Optional.empty();
        private boolean asInstalled;

        private Launch(Path configuration) {
            this.configuration = configuration;
        }

        /** Variables over those of this JVM. */
        public Launch environment(Map<String, String> variables) {
            environment.putAll(variables);
            return this;
        }

        /** The URL of a Logback configuration in the place of the one that is deployed. */
        public Launch logback(String url) {
            logback = Optional.of(url);
            return this;
        }

        /** Appends its output to a file. */
        public Launch logFile(Path file) {
            logFile = Optional.of(file);
            return this;
        }

        /** With the JVM options of the launcher and no others, as what is measured has to run. */
        public Launch asInstalled() {
            asInstalled = true;
            return this;
        }

        public DaemonProcess start() throws IOException {
            String[] arguments = {"run", "--config", configuration.toString()};
            ProcessBuilder builder;
            if (asInstalled) {
                builder = Deployed.asInstalled(arguments);
            } else {
                builder = new ProcessBuilder(Deployed.command(arguments));
                Deployed.prepare(
                        builder,
                        logback.map(url -> List.of("-Dlogback.configurationFile=" + url))
                                .orElse(List.of()));
            }
            builder.environment().putAll(environment);
            if (logFile.isPresent()) {
                builder.redirectErrorStream(true)
                        .redirectOutput(Redirect.appendTo(logFile.get().toFile()));
                return new DaemonProcess(builder.start());
            }
            return following(builder);
        }
    }

    private static DaemonProcess following(ProcessBuilder builder) throws IOException {
        DaemonProcess started = new DaemonProcess(builder.start());
        started.follow(started.process.inputReader());
        started.follow(started.process.errorReader());
        return started;
    }

    public static Launch of(Path configuration) {
        return new Launch(configuration);
    }

    /** Any verb with its arguments. */
    public static DaemonProcess ofVerb(Path configuration, List<String> verb, String... jvmOptions) throws IOException {
        List<String> arguments = new ArrayList<>(verb);
        arguments.addAll(List.of("--config", configuration.toString()));
        ProcessBuilder builder = new ProcessBuilder(Deployed.command(arguments.toArray(String[]::new)));
        Deployed.prepare(builder, List.of(jvmOptions));
        return following(builder);
    }

    /** Writes a configuration into a file of its own in the folder. */
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

    public long pid() {
        return process.pid();
    }

    /** All that the process has printed so far, on both streams. */
    public List<String> lines() {
        return List.copyOf(lines);
    }

    /** How many of the lines hold the text. */
    public long count(String text) {
        return lines.stream().filter(line -> line.contains(text)).count();
    }

    public void awaitLine(String text) {
        await(text)
                .failFast(() -> {
                    if (!process.isAlive()) {
                        throw new AssertionError("ended with " + process.exitValue() + ": " + lines);
                    }
                })
                .until(() -> count(text) > 0);
    }

    /** The body of what an HTTP server on this machine answers; empty while there is no answer. */
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

    public boolean isAlive() {
        return process.isAlive();
    }

    /** SIGKILL: nothing of the process runs any more when this returns. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** SIGTERM. @return the exit code */
    public int terminate() throws IOException, InterruptedException {
        Signals.send("TERM", process.pid());
        return awaitExit();
    }

    /** SIGSTOP: the process lives for the kernel and for the server, and does nothing. */
    public void freeze() throws IOException, InterruptedException {
        Signals.send("STOP", process.pid());
    }

    /** SIGCONT. */
    public void thaw() throws IOException, InterruptedException {
        Signals.send("CONT", process.pid());
    }

    public int awaitExit() throws InterruptedException {
        try {
            return TestTimeout.exitCode(process);
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + "\n" + String.join("\n", lines), e);
        }
    }

    @Override
    public void close() {
        Stream.concat(process.descendants(), Stream.of(process.toHandle())).forEach(ProcessHandle::destroyForcibly);
    }
}
