package io.refreshd.faults;

import io.refreshd.testing.DaemonProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The daemon of a campaign, started again and again with one configuration, and at times a standby beside it. Of daemons that share databases
 * there are two at rest, and {@link #exchange} decides which one is "the daemon".
 */
final class CampaignDaemon implements AutoCloseable {
    private final DaemonProcess.Launch launch;
    private final boolean shared;
    private volatile @Nullable DaemonProcess process;
    private volatile @Nullable DaemonProcess standby;
    private volatile @Nullable DaemonProcess other;

    private CampaignDaemon(DaemonProcess.Launch launch, boolean shared) {
        this.launch = launch;
        this.shared = shared;
    }

    /** @param folder where configuration and log are */
    static CampaignDaemon of(
            Path folder, int proxyPort, String user, Map<String, String> environment, Optional<CampaignTopics> topics)
            throws IOException {
        Path configuration = folder.resolve("refreshd.yaml");
        String url = "jdbc:postgresql://localhost:" + proxyPort;
        Files.writeString(
                configuration,
                """
                views: { quiet-period: 100ms, target-lag: 2s, include: ["public.*", "neighbour.*"] }
                refresh: { max-concurrent: 2, lock-timeout: 1s }
                capture: { heartbeat-interval: 500ms, catalog-poll-interval: 500ms }
                http:
                  listen: 127.0.0.1:0
                database: { user: %s%s }
                """.formatted(user, topics.isPresent() ? "" : ", url: '" + url + "/postgres'")
                        + topics.map(used -> used.configuration(url)).orElse(""));
        return new CampaignDaemon(
                DaemonProcess.of(configuration).environment(environment).logFile(folder.resolve("daemon.log")),
                topics.isPresent());
    }

    /** The number of daemons; while none runs, those that are about to be started count. */
    int running() {
        return (shared ? 2 : 1) + (standby == null ? 0 : 1);
    }

    void start() throws IOException {
        process = launch.start();
        if (shared && other == null) {
            other = launch.start();
        }
    }

    /** Of daemons that share databases, the next fault concerns the other one. */
    void exchange() {
        DaemonProcess first = process;
        process = other;
        other = first;
    }

    /** Ends the second daemon in order. */
    void endStandby() throws IOException, InterruptedException {
        DaemonProcess started = standby;
        standby = null;
        if (started != null) {
            started.terminate();
        }
    }

    void killStandby() throws InterruptedException {
        DaemonProcess started = standby;
        standby = null;
        if (started != null) {
            started.kill();
        }
    }

    /** Starts a second daemon, which waits for the lease. */
    void startStandby() throws IOException {
        standby = launch.start();
    }

    /** SIGKILL to the first daemon. From now on the standby is the daemon. */
    void killAndPromote() throws InterruptedException {
        kill();
        process = standby;
        standby = null;
    }

    /** The exit code, if the daemon has ended without a request. */
    OptionalInt endedByItself() throws InterruptedException {
        for (DaemonProcess started : new DaemonProcess[] {process, other}) {
            if (started != null && !started.isAlive()) {
                return OptionalInt.of(started.awaitExit());
            }
        }
        return OptionalInt.empty();
    }

    void kill() throws InterruptedException {
        DaemonProcess started = process;
        process = null;
        if (started != null) {
            started.kill();
        }
    }

    /** Ends the daemon in order, as an orchestrator does it. @return how long that took */
    Duration terminate() throws IOException, InterruptedException {
        DaemonProcess started = process;
        process = null;
        if (started == null) {
            return Duration.ZERO;
        }
        long begin = System.nanoTime();
        started.terminate();
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    void freeze() throws IOException, InterruptedException {
        DaemonProcess started = process;
        if (started != null) {
            started.freeze();
        }
    }

    void thaw() throws IOException, InterruptedException {
        DaemonProcess started = process;
        if (started != null) {
            started.thaw();
        }
    }

    @Override
    public void close() throws InterruptedException {
        killStandby();
        kill();
        exchange();
        kill();
    }
}
