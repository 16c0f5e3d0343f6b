package io.refreshd.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reader of the section {@code kafka}. */
final class KafkaReader {
    private static final Pattern SERVERS = Pattern.compile(
            "(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9_.-]+):\\d{1,5}(\\s*,\\s*(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9_.-]+):\\d{1,5})*");

    /** What decides how a client connects. refreshd sets everything else, and relies on it. */
    private static final Pattern CLIENT = Pattern.compile("(security|ssl|sasl)\\.[a-z0-9._]+");

    private KafkaReader() {}

    /** @return empty unless changes are read from Kafka */
    static Optional<KafkaSettings> read(Section section, CaptureSettings.Source source) {
        section.rejectUnknown(Key.leaves("kafka"));
        if (source != CaptureSettings.Source.KAFKA) {
            Section own = section.own();
            for (Key key : List.of(Key.KAFKA_BOOTSTRAP_SERVERS, Key.KAFKA_TOPICS, Key.KAFKA_CONNECTOR)) {
                if (own.has(key)) {
                    own.problem(key, "has no effect", "remove it, or write capture.source: kafka");
                }
            }
            return Optional.empty();
        }
        Path file = section.holding(Key.KAFKA_CONNECTOR).file();
        // A missing value is recorded as a problem, so the settings that are built here are never returned.
        return Optional.of(new KafkaSettings(
                section.required(Key.KAFKA_BOOTSTRAP_SERVERS, KafkaReader::servers)
                        .orElse(""),
                section.required(Key.KAFKA_TOPICS, TopicPattern::parse).orElse(new TopicPattern("*")),
                section.orDefault(Key.KAFKA_GROUP, ValueParsers::text),
                section.required(Key.KAFKA_CONNECTOR, text -> readable(file, text))
                        .orElse(file),
                section.orDefault(Key.KAFKA_ACCEPT_LOST_CHANGES, ValueParsers::flag),
                client(section.section(Key.KAFKA_CLIENT.leaf()))));
    }

    static String servers(String text) throws InvalidValueException {
        if (!SERVERS.matcher(text).matches()) {
            throw new InvalidValueException(
                    "not the addresses of brokers", "write host:port, and commas between several of them");
        }
        return text;
    }

    private static Path readable(Path base, String file) throws InvalidValueException {
        try {
            Path path = base.resolveSibling(ValueParsers.text(file));
            if (!Files.isReadable(path) || Files.isDirectory(path)) {
                throw new InvalidValueException(
                        "the file cannot be read", "write the settings of the connector into it, as JSON");
            }
            return path;
        } catch (java.nio.file.InvalidPathException e) {
            throw new InvalidValueException("not the name of a file", "name the file with the connector's settings");
        }
    }

    static Map<String, Secret> client(Section section) {
        Map<String, Secret> settings = new HashMap<>();
        for (String key : section.keys()) {
            if (CLIENT.matcher(key).matches()) {
                section.secret(key, Secret::new).ifPresent(value -> settings.put(key, value));
            } else {
                section.problem(
                        key,
                        new InvalidValueException(
                                "not a setting for TLS or authentication",
                                "write settings that begin with security., ssl. or sasl.; refreshd sets all others"));
            }
        }
        return settings;
    }
}
