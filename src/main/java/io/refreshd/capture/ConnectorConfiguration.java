package io.refreshd.capture;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.config.KafkaSettings;
import io.refreshd.config.TopicPattern;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The settings of the connector, from the file that Kafka Connect was given: {@code {"name": …, "config": {…}}}, or the settings alone.
 *
 * @param problems why the file could not be read; empty if it was
 */
public record ConnectorConfiguration(Map<String, String> settings, List<Obstacle> problems) {
    private static final int LARGEST = 1024 * 1024;

    public ConnectorConfiguration {
        settings = Map.copyOf(settings);
        problems = List.copyOf(problems);
    }

    public static ConnectorConfiguration read(KafkaSettings kafka) {
        String file = "the connector's settings in " + kafka.connector();
        try {
            if (Files.size(kafka.connector()) > LARGEST) {
                return problem(file + " are larger than a megabyte", "name the file with the connector's settings");
            }
            return of(Files.readAllBytes(kafka.connector()), file);
        } catch (IOException e) {
            return problem(file + " cannot be read", "let the user that runs refreshd read the file");
        }
    }

    static ConnectorConfiguration of(byte[] json, String file) {
        try {
            JsonNode root = new ObjectMapper().readTree(json);
            JsonNode config = root.path("config").isObject() ? root.path("config") : root;
            if (!config.isObject()) {
                return problem(file + " are no JSON object", "write {\"setting\": \"value\", …}");
            }
            Map<String, String> settings = new HashMap<>();
            config.properties()
                    .forEach(entry ->
                            settings.put(entry.getKey(), entry.getValue().asText()));
            return new ConnectorConfiguration(settings, List.of());
        } catch (JacksonException e) {
            return problem(
                    file + " are not valid JSON, line " + e.getLocation().getLineNr(),
                    "write them as Kafka Connect takes them");
        } catch (IOException e) {
            return problem(file + " cannot be read", "let the user that runs refreshd read the file");
        }
    }

    private static ConnectorConfiguration problem(String what, String remedy) {
        return new ConnectorConfiguration(Map.of(), List.of(new Obstacle(what, Remedy.text(remedy))));
    }

    /** Everything by which the connector would break what refreshd relies on. */
    public List<Obstacle> obstacles(CaptureSettings capture, TopicPattern topics) {
        List<Obstacle> obstacles = new ArrayList<>(problems);
        if (problems.isEmpty()) {
            obstacles.addAll(ConnectorContract.obstacles(settings, capture, topics));
        }
        return obstacles;
    }

    public String prefix() {
        return settings.getOrDefault("topic.prefix", "");
    }
}
