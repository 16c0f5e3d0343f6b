package io.refreshd.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.testing.Signals;
import io.refreshd.testing.TestTimeout;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo as people start it: by the launcher, with the actual daemon. It leaves nothing behind. */
class DemoProcessIT {
    private static final Path DISTRIBUTION = Path.of(System.getProperty("refreshd.distribution", "target/refreshd"))
            .toAbsolutePath();

    @TempDir
    private Path folder;

    private Path output = Path.of("");
    private Path scratch = Path.of("");
    private @Nullable Process running;

    @BeforeEach
    void prepare() throws IOException {
        output = folder.resolve("output");
        scratch = Files.createDirectory(folder.resolve("scratch"));
        Path home = Files.createDirectory(folder.resolve("home"));
        Files.copy(Path.of("refreshd"), home.resolve("refreshd"));
        Files.createSymbolicLink(home.resolve("lib"), DISTRIBUTION.resolve("lib"));
        Files.createSymbolicLink(home.resolve("demo"), DISTRIBUTION.resolve("demo"));
    }

    /** @param duration of the demo, as its option takes it */
    private Process start(String duration) throws IOException {
        // A shell starts what runs in the background with SIGINT ignored, and a JVM leaves an ignored signal alone.
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT", "sh"));
        command.addAll(List.of(folder.resolve("home") + "/refreshd", "demo", "--for", duration, "--rows", "2000"));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("REFRESHD_JAVA_OPTS", "-Djava.io.tmpdir=" + scratch);
        Process started = builder.start();
        running = started;
        return started;
    }

    @AfterEach
    void end() {
        if (running != null) {
            running.destroy();
        }
    }

    @Test
    void endsByItselfWithEveryViewEqualAndLeavesNothing() throws Exception {
        Process demo = start("5s");
        TestTimeout.exitCode(demo);
        assertThat(text()).contains("Every view equals its definition.");
        assertThat(demo.exitValue()).as(text()).isZero();
        assertNothingIsLeft();
    }

    @Test
    void endsAtOnceWhenItIsInterruptedAndLeavesNothing() throws Exception {
        // So long that it cannot end before it is interrupted.
        Process demo = start("1h");
        await().until(() -> text().contains("view=materializeduserrole_a"));
        assertThat(servers()).isNotEmpty();
        Signals.send("INT", demo.pid());
        TestTimeout.exitCode(demo);
        assertThat(text()).contains("Everything is stopped and deleted.").doesNotContain("The demo broke");
        assertThat(demo.exitValue()).as(text()).isEqualTo(128 + 2);
        assertNothingIsLeft();
    }

    @Test
    void leavesNothingWhenItIsKilled() throws Exception {
        Process demo = start("1h");
        await().until(() -> text().contains("view=materializeduserrole_a"));
        assertThat(servers()).isNotEmpty();
        Signals.send("KILL", demo.pid());
        // Of the temporary files of libraries, which they delete when a process ends in order, nothing can be said.
        await("server and folder are gone").untilAsserted(() -> {
            assertThat(scratch).isDirectoryNotContaining(Files::isDirectory);
            assertNothingRuns();
        });
    }

    private void assertNothingIsLeft() throws IOException {
        assertThat(scratch).isEmptyDirectory();
        assertNothingRuns();
    }

    private void assertNothingRuns() throws IOException {
        assertThat(servers()).isEmpty();
        Matcher ports = Pattern.compile("(?:localhost|127\\.0\\.0\\.1):(\\d+)").matcher(text());
        List<Integer> seen = ports.results()
                .map(found -> Integer.valueOf(found.group(1)))
                .distinct()
                .toList();
        assertThat(seen).as("of the server and of HTTP").hasSize(2);
        assertThat(seen).noneMatch(DemoProcessIT::listens);
    }

    private List<ProcessHandle> servers() {
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            return all.filter(process -> process.info()
                            .command()
                            .filter(command -> command.startsWith(scratch.toString()))
                            .isPresent())
                    .toList();
        }
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException refused) {
            return false;
        }
    }

    private String text() throws IOException {
        return Files.readString(output);
    }
}
