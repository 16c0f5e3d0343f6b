package io.refreshd.config;

import java.nio.file.Path;
import java.util.Map;

/**
 * The topics of Debezium's connector as the source of changes.
 *
 * @param bootstrapServers as Kafka's clients take them: {@code host:port}, separated by commas
 * @param topics the topics that hold this database's events
 * @param group consumer group, under which Kafka's tools show how far refreshd has read
 * @param connector file with the settings of the connector
 * @param acceptsLostChanges whether events of a connector that may lose changes when it is restarted are read
 * @param client further settings of Kafka's clients, for TLS and authentication
 */
public record KafkaSettings(
        String bootstrapServers,
        TopicPattern topics,
        String group,
        Path connector,
        boolean acceptsLostChanges,
        Map<String, Secret> client) {
    public KafkaSettings {
        client = Map.copyOf(client);
    }
}
