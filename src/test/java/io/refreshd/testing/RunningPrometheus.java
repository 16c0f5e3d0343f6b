package io.refreshd.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.demo.FreePort;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** An installed Prometheus with the alerts of this repository. It scrapes one daemon each second. */
public final class RunningPrometheus implements AutoCloseable {
    private final Process process;
    private final int port;
    private final HttpClient client = HttpClient.newHttpClient();
    private boolean ready;

    private RunningPrometheus(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    public static RunningPrometheus start(int scraped) throws IOException {
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of("target", "prometheus")), "server");
        Path configuration = Files.writeString(folder.resolve("prometheus.yml"), """
                global: { scrape_interval: 1s, evaluation_interval: 1s }
                rule_files: ["%s"]
                scrape_configs:
                  - job_name: refreshd
                    static_configs: [{ targets: ["127.0.0.1:%d"] }]
                """.formatted(
                        Path.of("config/prometheus/alerts.yml").toAbsolutePath(), scraped));
        int port = FreePort.find();
        Process process = new ProcessBuilder(
                        "prometheus",
                        "--config.file=" + configuration,
                        "--storage.tsdb.path=" + folder.resolve("data"),
                        "--web.listen-address=127.0.0.1:" + port,
                        "--log.level=warn")
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("prometheus.log").toFile())
                .start();
        return new RunningPrometheus(process, port);
    }

    /** The result of an instant query. The test fails if the expression does not parse. */
    public JsonNode query(String expression) {
        return get("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8))
                .at("/data/result");
    }

    /** The values of a label, which Grafana queries for {@code label_values(series, label)}. */
    public JsonNode labelValues(String series, String label) {
        return get("/api/v1/label/" + label + "/values?match[]=".replace("[]", "%5B%5D")
                        + URLEncoder.encode(series, StandardCharsets.UTF_8))
                .at("/data");
    }

    public JsonNode get(String path) {
        if (!ready) {
            Awaitility.await("prometheus answers")
                    .ignoreExceptions()
                    // While Prometheus starts, it answers with 503.
                    .until(() -> response("/-/ready").statusCode() == 200);
            ready = true;
        }
        try {
            JsonNode answer = new ObjectMapper().readTree(response(path).body());
            if (!answer.path("status").asText().equals("success")) {
                throw new AssertionError(path + ": " + answer);
            }
            return answer;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(path, e);
        }
    }

    private HttpResponse<String> response(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .build();
        return client.send(request, BodyHandlers.ofString());
    }

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        client.close();
    }
}
