package io.refreshd.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/** A verb of refreshd as a process whose output is a pseudo-terminal, made by {@code script} of util-linux, or a pipe. */
public final class Terminal implements AutoCloseable {
    private final Process process;
    private final StringBuffer text = new StringBuffer();
    private final CompletableFuture<Void> read = new CompletableFuture<>();

    private Terminal(Process process) {
        this.process = process;
        Thread.ofVirtual().start(this::follow);
    }

    public static Terminal run(String... arguments) throws IOException {
        Installed.orSkip("script");
        String command = Deployed.command(arguments).stream()
                .map(part -> "'" + part.replace("'", "'\\''") + "'")
                .collect(Collectors.joining(" "));
        return start(List.of("script", "--quiet", "--return", "--command", command, "/dev/null"));
    }

    public static Terminal pipe(String... arguments) throws IOException {
        return start(Deployed.command(arguments));
    }

    private static Terminal start(List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        Deployed.prepare(builder, List.of());
        builder.environment().put("TERM", "xterm");
        builder.environment().remove("NO_COLOR");
        return new Terminal(builder.start());
    }

    private void follow() {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            char[] buffer = new char[1024];
            for (int n = reader.read(buffer); n >= 0; n = reader.read(buffer)) {
                text.append(buffer, 0, n);
            }
        } catch (IOException closed) {
            // Reading a pseudo-terminal fails when its last writer has ended.
        }
        read.complete(null);
    }

    /** All output so far. */
    public String text() {
        return text.toString();
    }

    public void await(String part) {
        Awaitility.await(part).until(() -> text().contains(part));
    }

    public int exit() throws Exception {
        TestTimeout.get(read);
        return TestTimeout.exitCode(process);
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
    }
}
