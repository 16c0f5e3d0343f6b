package io.refreshd.config;

import java.util.List;

/** The whole configuration of the daemon. It may be printed: the password prints as stars. */
public record Configuration(
        DatabaseSettings database,
        ViewsSettings views,
        RefreshSettings refresh,
        CaptureSettings capture,
        AuditSettings audit,
        HttpSettings http,
        LogSettings log,
        MetricsSettings metrics,
        List<RoleViewTemplate> roleViews) {
    public Configuration {
        roleViews = List.copyOf(roleViews);
    }
}
