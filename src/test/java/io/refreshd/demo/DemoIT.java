package io.refreshd.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.OwnServer;
import io.refreshd.testing.TestTimeout;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DemoIT {
    private static final DemoOptions SHORT = new DemoOptions(
            Optional.of(Duration.ofSeconds(3)), Screen.PLAIN, 2_000, 50, OptionalInt.empty(), 42, false);

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private Path folder = Path.of("not made yet");
    private int port;

    @Test
    void endsWellWhenEveryViewEqualsItsDefinition() throws Exception {
        int code = run(path -> TimedDaemon.of(remember(path)));

        assertThat(text()).contains("Every view equals its definition.", "view=role_totals", "/metrics");
        assertThat(code).isEqualTo(Demo.EQUAL);
        assertNothingLeft();
    }

    @Test
    void endsBadlyAndNamesTheViewThatWasNotRefreshed() throws Exception {
        int code = run(path -> TimedDaemon.of(remember(path), DemoSchema.ROLE_C), Duration.ofSeconds(5));

        assertThat(text().lines().filter(line -> line.contains("DIFFERS")))
                .singleElement()
                .asString()
                .contains("materializeduserrole_c");
        assertThat(text()).contains("1 of 4 views differ from their definition.");
        assertThat(code).isEqualTo(Demo.DIFFERENT);
        assertNothingLeft();
    }

    @Test
    void leavesNothingWhenTheDaemonDoesNotStart() throws Exception {
        int code = run(path -> {
            remember(path);
            throw new IOException("no daemon today");
        });

        assertThat(text()).contains("The demo broke: no daemon today");
        assertThat(code).isEqualTo(Demo.BROKEN);
        assertNothingLeft();
    }

    @Test
    void endsAtOnceWhenTheDatabaseDoesNotLetTheDaemonIn() throws Exception {
        int code = run(path -> {
            String yaml = Files.readString(remember(path)).replaceAll("password-file: .*", "password: not-the-one");
            return RealDaemon.of(Files.writeString(path, yaml));
        });

        assertThat(text())
                .contains("The demo broke: FATAL: password authentication failed for user \"refreshd\"")
                .doesNotContain("not-the-one");
        assertThat(code).isEqualTo(Demo.BROKEN);
        assertNothingLeft();
    }

    private int run(DemoDaemon.Factory factory) {
        return run(factory, TestTimeout.LIMIT);
    }

    /** @param settle how long it waits at the end for views that do not equal their definition */
    private int run(DemoDaemon.Factory factory, Duration settle) {
        return new Demo(SHORT, out, factory, settle, Optional.of(OwnServer.PROGRAM)).run();
    }

    private Path remember(Path configuration) throws IOException {
        folder = configuration.resolveSibling("").toAbsolutePath();
        port = Integer.parseInt(
                Files.readString(configuration).replaceFirst("(?s).*jdbc:postgresql://localhost:(\\d+)/.*", "$1"));
        assertThat(processes(folder)).isNotEmpty();
        assertThat(listens(port)).isTrue();
        return configuration;
    }

    private void assertNothingLeft() {
        assertThat(String.valueOf(folder.getFileName())).startsWith(DemoEnvironment.FOLDER_PREFIX);
        assertThat(folder).doesNotExist();
        assertThat(processes(folder)).isEmpty();
        assertThat(listens(port)).isFalse();
    }

    private static List<ProcessHandle> processes(Path folder) {
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            return all.filter(process -> process.info()
                            .commandLine()
                            .filter(command -> command.contains(folder.toString()))
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

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
