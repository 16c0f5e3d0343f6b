package io.refreshd.config;

import java.util.List;
import java.util.Optional;

/**
 * The whole configuration of the daemon. It may be printed: secrets print as stars.
 *
 * @param kafka present if, and only if, changes are read from Kafka
 */
public record Configuration(
        DatabaseSettings database,
        ViewsSettings views,
        RefreshSettings refresh,
        CaptureSettings capture,
        Optional<KafkaSettings> kafka,
        AuditSettings audit,
        HttpSettings http,
        LogSettings log,
        MetricsSettings metrics,
        List<RoleViewTemplate> roleViews) {
    public Configuration {
        roleViews = List.copyOf(roleViews);
    }
}
