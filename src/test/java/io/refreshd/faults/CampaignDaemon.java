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

/** The daemon of a campaign, started again and again with one configuration, and at times a standby beside it. */
final class CampaignDaemon implements AutoCloseable {
    private final DaemonProcess.Launch launch;
    private volatile @Nullable DaemonProcess process;
    private volatile @Nullable DaemonProcess standby;

    private CampaignDaemon(DaemonProcess.Launch launch) {
        this.launch = launch;
    }

    /** @param folder where configuration and log are */
    static CampaignDaemon of(
            Path folder, int proxyPort, String user, Map<String, String> environment, Optional<CampaignTopics> topics)
            throws IOException {
        Path configuration = folder.resolve("refreshd.yaml");
        Files.writeString(
                configuration,
                """
                database:
                  url: jdbc:postgresql://localhost:%d/postgres
                  user: %s
                views: { quiet-period: 100ms, target-lag: 2s, include: ["public.*", "neighbour.*"] }
                refresh: { max-concurrent: 2, lock-timeout: 1s }
                capture: { heartbeat-interval: 500ms, catalog-poll-interval: 500ms%s }
                http:
                  listen: 127.0.0.1:0
                """.formatted(
                                proxyPort,
                                user,
                                topics.map(used -> CampaignTopics.capture()).orElse(""))
                        + topics.map(CampaignTopics::configuration).orElse(""));
        return new CampaignDaemon(
                DaemonProcess.of(configuration).environment(environment).logFile(folder.resolve("daemon.log")));
    }

    /** The number of daemons; while none runs, one that is about to be started counts. */
    int running() {
        return standby == null ? 1 : 2;
    }

    void start() throws IOException {
        process = launch.start();
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
        DaemonProcess started = process;
        return started == null || started.isAlive() ? OptionalInt.empty() : OptionalInt.of(started.awaitExit());
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
        killAndPromote();
        kill();
    }
}
