import io.refreshd.demo.LocalPostgres;
import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Makes the AOT cache of the image: runs the daemon on a PostgreSQL of its own for a few seconds and ends it with SIGTERM,
 * whereupon the virtual machine writes down what it loaded.
 *
 * <p>{@code java TrainCache.java LAUNCHER SCHEMA.sql CACHE}
 */
public final class TrainCache {
    private static final int PORT = 9464;
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    public static void main(String[] args) throws Exception {
        Path cache = Path.of(args[2]);
        Path folder = Files.createTempDirectory(Path.of("").toAbsolutePath(), "training");
        try (LocalPostgres server = LocalPostgres.start(
                        folder.resolve("postgres"),
                        folder.resolve("program"),
                        Map.of(),
                        DefaultPostgresBinaryResolver.INSTANCE);
                Connection application =
                        DriverManager.getConnection(server.url("postgres"), LocalPostgres.USER, "");
                Statement statement = application.createStatement()) {
            statement.execute(Files.readString(Path.of(args[1])));
            Path configuration = Files.writeString(folder.resolve("refreshd.yaml"), """
                    database: { url: "%s", user: %s }
                    capture: { heartbeat-interval: 200ms }
                    http: { listen: "127.0.0.1:%d" }
                    """.formatted(server.url("postgres"), LocalPostgres.USER, PORT));
            Process daemon = daemon(args[0], configuration, cache);
            try {
                exercise(daemon, statement);
            } finally {
                daemon.destroy();
                if (!daemon.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                    daemon.destroyForcibly();
                }
            }
            if (daemon.exitValue() != 0 || Files.size(cache) == 0) {
                throw new IllegalStateException("the daemon ended with " + daemon.exitValue());
            }
        }
        System.out.println(cache + ": " + Files.size(cache) / 1024 / 1024 + " MiB");
    }

    private static Process daemon(String launcher, Path configuration, Path cache) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(launcher, "run", "--config", configuration.toString()).inheritIO();
        builder.environment().put("REFRESHD_JAVA_OPTS", "-XX:AOTCacheOutput=" + cache);
        builder.environment().put("REFRESHD_LOG_FORMAT", "json");
        return builder.start();
    }

    /** Each kind of change, and each thing that is asked for while the daemon runs. */
    private static void exercise(Process daemon, Statement statement) throws Exception {
        Instant end = Instant.now().plus(PATIENCE);
        while (!answers("/readyz")) {
            if (!daemon.isAlive() || Instant.now().isAfter(end)) {
                throw new IllegalStateException("the daemon does not become ready");
            }
            Thread.sleep(100);
        }
        for (int i = 1; i <= 12; i++) {
            statement.execute("UPDATE main SET title = title || '.' WHERE id = " + i);
            statement.execute("UPDATE main SET internal_note = 'seen' WHERE id = " + i);
            statement.execute("INSERT INTO main (role_id, user_id, title, amount) VALUES (1 + " + i + " % 4, 1, 'new', 1)");
            statement.execute("DELETE FROM main WHERE id = " + (1000 + i));
            for (String path : new String[] {"/", "/metrics", "/status", "/livez", "/readyz"}) {
                answers(path);
            }
            Thread.sleep(400);
        }
    }

    private static boolean answers(String path) throws InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + PORT + path)).build();
            return client.send(request, BodyHandlers.discarding()).statusCode() == 200;
        } catch (java.io.IOException e) {
            return false;
        }
    }
}
