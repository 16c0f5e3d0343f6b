package io.refreshd.config;

import java.time.Duration;
import java.util.Map;

/**
 * The Kafka that shares the databases among several daemons.
 *
 * @param bootstrapServers as Kafka's clients take them: {@code host:port}, separated by commas
 * @param group consumer group of the daemons
 * @param topicPrefix with the name of a database the topic that stands for it
 * @param sessionTimeout a daemon that was not heard of for this long loses its databases
 * @param client further settings of Kafka's clients, for TLS and authentication
 */
public record GroupSettings(
        String bootstrapServers,
        String group,
        String topicPrefix,
        Duration sessionTimeout,
        Map<String, Secret> client) {
    public GroupSettings {
        client = Map.copyOf(client);
    }
}
