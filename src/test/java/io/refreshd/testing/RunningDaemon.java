package io.refreshd.testing;

import io.refreshd.config.ConfigurationReader;
import io.refreshd.daemon.Daemon;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;

/** The daemon in the JVM of the test, configured by YAML as in production. */
public final class RunningDaemon implements AutoCloseable {
    private final Daemon daemon;
    private final Collection<Notice> notices = new ConcurrentLinkedQueue<>();

    private RunningDaemon(Daemon daemon) {
        this.daemon = daemon;
        daemon.addListener(notices::add);
    }

    /** @param more YAML at the top level, over defaults that suit a test; indented lines before it belong to capture */
    public static RunningDaemon start(TestDatabase database, String more) throws Exception {
        RunningDaemon running = prepare(database, more);
        running.begin();
        return running;
    }

    /** Starts a daemon that polls the roles once an hour. Within a test only the log shows it a new role. */
    public static RunningDaemon startLookingRarely(TestDatabase database, String more) throws Exception {
        return startLooking(configuration(database.url(), database.slot(), more), Duration.ofHours(1));
    }

    /** @param rolesLook the interval between two polls of the roles; the default is seconds */
    public static RunningDaemon startLooking(String yaml, Duration rolesLook) throws Exception {
        RunningDaemon running =
                new RunningDaemon(new Daemon(ConfigurationReader.read(yaml, "test.yaml", Map.of()), rolesLook));
        running.begin();
        return running;
    }

    /** @param yaml the whole configuration */
    public static RunningDaemon start(String yaml) throws Exception {
        RunningDaemon running = prepare(yaml);
        try {
            running.begin();
            return running;
        } catch (IllegalStateException notStarted) {
            running.close();
            if (notStarted.getCause() instanceof ExecutionException e
                    && e.getCause() instanceof PrerequisitesMissingException why) {
                throw why;
            }
            throw notStarted;
        }
    }

    /**
     * Prepares a daemon without starting it.
     *
     * @param yaml the whole configuration
     */
    public static RunningDaemon prepare(String yaml) throws Exception {
        return new RunningDaemon(new Daemon(ConfigurationReader.read(yaml, "test.yaml", Map.of())));
    }

    /** Prepares a daemon without starting it. */
    public static RunningDaemon prepare(TestDatabase database, String more) throws Exception {
        return prepare(configuration(database.url(), database.slot(), more));
    }

    /** Prepares a daemon with the default configuration of the tests. */
    public static RunningDaemon prepare(String url, String slot) throws Exception {
        return prepare(configuration(url, slot, ""));
    }

    /** Starts the daemon and waits until it streams. The daemon itself would wait without a limit. */
    public void begin() {
        CompletableFuture<Void> started = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                daemon.start();
                started.complete(null);
            } catch (Throwable e) {
                started.completeExceptionally(e);
            }
        });
        try {
            TestTimeout.get(started);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new IllegalStateException("not streaming: " + daemon.status().stream(), e);
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
                  heartbeat-interval: 1s
                  catalog-poll-interval: 1s
                %s
                http:
                  listen: 127.0.0.1:0
                """.formatted(url, slot, more.contains("views:") ? more : "views: { quiet-period: 50ms }\n" + more);
    }

    public Daemon daemon() {
        return daemon;
    }

    public Collection<Notice> notices() {
        return notices;
    }

    /** The number of refreshes of a view so far. */
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

    /** Waits until every view holds all changes that have been routed, untracked views too. */
    public void awaitFresh() {
        Awaitility.await("all views are fresh")
                .until(() -> !daemon.status().views().isEmpty()
                        && daemon.status().views().stream()
                                .allMatch(status ->
                                        status.phase() == ViewPhase.FRESH || status.phase() == ViewPhase.UNTRACKED));
    }

    /** The metrics as Prometheus scrapes them. */
    public String scrape() throws IOException, InterruptedException {
        URI address = URI.create("http://127.0.0.1:" + daemon.httpPort() + "/metrics");
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer =
                    client.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IOException(answer.statusCode() + ": " + answer.body());
            }
            return answer.body();
        }
    }

    @Override
    public void close() {
        daemon.close();
    }
}
