package io.refreshd.testing;

import io.refreshd.Daemon;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.awaitility.Awaitility;

/** The daemon inside the test, on a test's database, by the real path of its configuration. */
public final class RunningDaemon implements AutoCloseable {
    private final Daemon daemon;
    private final Collection<Notice> notices = new ConcurrentLinkedQueue<>();

    private RunningDaemon(Daemon daemon) {
        this.daemon = daemon;
        daemon.addListener(notices::add);
    }

    /** @param more YAML at the top level, over defaults that suit a test */
    public static RunningDaemon start(TestDatabase database, String more) throws Exception {
        return start(configuration(database.url(), database.slot(), more));
    }

    /** @param yaml the whole configuration */
    public static RunningDaemon start(String yaml) throws Exception {
        RunningDaemon running = new RunningDaemon(new Daemon(ConfigurationReader.read(yaml, "test.yaml", Map.of())));
        try {
            running.daemon.start();
            return running;
        } catch (Exception notStarted) {
            running.close();
            throw notStarted;
        }
    }

    public static RunningDaemon start(TestDatabase database) throws Exception {
        return start(database, "");
    }

    public static String configuration(String url, String slot, String more) {
        return """
                database:
                  url: %s
                  user: postgres
                capture:
                  slot: %s
                  heartbeat-interval: 200ms
                  catalog-poll-interval: 200ms
                http:
                  listen: 127.0.0.1:0
                %s
                """.formatted(url, slot, more.contains("views:") ? more : "views: { quiet-period: 50ms }\n" + more);
    }

    public Daemon daemon() {
        return daemon;
    }

    public Collection<Notice> notices() {
        return notices;
    }

    /** How often a view was refreshed so far. */
    public long refreshes(String view) {
        return notices.stream()
                .filter(notice -> notice instanceof Notice.RefreshDone done
                        && done.view().toString().equals(view))
                .count();
    }

    public Optional<ViewStatus> view(String name) {
        return daemon.status().views().stream()
                .filter(status -> status.view().toString().equals(name))
                .findFirst();
    }

    public void awaitPhase(String view, ViewPhase phase) {
        Awaitility.await(view + " is " + phase)
                .until(() -> view(view).map(status -> status.phase() == phase).orElse(false));
    }

    /** Waits until every view holds everything that has been routed. */
    public void awaitFresh() {
        Awaitility.await("all views are fresh")
                .until(() -> !daemon.status().views().isEmpty()
                        && daemon.status().views().stream().allMatch(status -> status.phase() == ViewPhase.FRESH));
    }

    @Override
    public void close() {
        daemon.close();
    }
}
