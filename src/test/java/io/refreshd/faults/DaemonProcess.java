package io.refreshd.faults;

import io.refreshd.testing.Deployed;
import io.refreshd.testing.Signals;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The daemon as a program of its own, with the flags of the launcher, so that it can be killed. */
final class DaemonProcess implements AutoCloseable {
    private final Path configuration;
    private final Path log;
    private final Map<String, String> environment;
    private @Nullable Process process;
    private @Nullable Process standby;

    private DaemonProcess(Path configuration, Path log, Map<String, String> environment) {
        this.configuration = configuration;
        this.log = log;
        this.environment = environment;
    }

    static DaemonProcess at(Path folder, int proxyPort, String user, Map<String, String> environment)
            throws IOException {
        Path configuration = folder.resolve("refreshd.yaml");
        Files.writeString(configuration, """
                database:
                  url: jdbc:postgresql://localhost:%d/postgres
                  user: %s
                views: { quiet-period: 100ms, target-lag: 2s, include: ["public.*"] }
                refresh: { max-concurrent: 2, lock-timeout: 1s }
                capture: { heartbeat-interval: 500ms, catalog-poll-interval: 500ms }
                http:
                  listen: 127.0.0.1:0
                """.formatted(proxyPort, user));
        return new DaemonProcess(configuration, folder.resolve("daemon.log"), environment);
    }

    void start() throws IOException {
        process = launch();
    }

    /** Another one beside it, which waits for its place. */
    void startStandby() throws IOException {
        standby = launch();
    }

    /** SIGKILL to the first; from now on the other is meant. */
    void killAndPromote() throws InterruptedException {
        kill();
        process = standby;
        standby = null;
    }

    private Process launch() throws IOException {
        List<String> command = Deployed.command();
        command.addAll(List.of("run", "--config", configuration.toString()));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(Redirect.appendTo(log.toFile()));
        builder.environment().putAll(environment);
        return builder.start();
    }

    /** The exit code, if it has ended without being asked to. */
    OptionalInt endedByItself() {
        Process started = process;
        return started == null || started.isAlive() ? OptionalInt.empty() : OptionalInt.of(started.exitValue());
    }

    void kill() throws InterruptedException {
        Process started = process;
        process = null;
        if (started != null) {
            started.destroyForcibly();
            started.waitFor();
        }
    }

    /** An orderly end, as by an orchestrator; killed if it takes longer than the orchestrator would wait. */
    boolean terminate() throws InterruptedException {
        Process started = process;
        process = null;
        if (started == null) {
            return true;
        }
        started.destroy();
        boolean inTime = started.waitFor(30, TimeUnit.SECONDS);
        started.destroyForcibly();
        started.waitFor();
        return inTime;
    }

    /** SIGSTOP: alive for the kernel, dead for everybody else. */
    void freeze() throws IOException, InterruptedException {
        signal("STOP");
    }

    void thaw() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        Process started = process;
        if (started != null) {
            Signals.send(name, started.pid());
        }
    }

    @Override
    public void close() throws InterruptedException {
        killAndPromote();
        kill();
    }
}
