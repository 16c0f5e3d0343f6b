package io.refreshd.config;

import java.util.List;
import java.util.Objects;

/** Everything the daemon can be told. Holds a secret, yet may be printed: the secret prints as stars. */
public record Configuration(
        DatabaseSettings database,
        ViewsSettings views,
        RefreshSettings refresh,
        CaptureSettings capture,
        AuditSettings audit,
        HttpSettings http,
        List<RoleViewTemplate> roleViews) {
    public Configuration {
        Objects.requireNonNull(database);
        Objects.requireNonNull(views);
        Objects.requireNonNull(refresh);
        Objects.requireNonNull(capture);
        Objects.requireNonNull(audit);
        Objects.requireNonNull(http);
        roleViews = List.copyOf(roleViews);
    }
}
