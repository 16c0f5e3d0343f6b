package io.refreshd.config;

import java.util.Objects;

/** Everything the daemon can be told. Holds a secret, yet may be printed: the secret prints as stars. */
public record Configuration(
        DatabaseSettings database,
        ViewsSettings views,
        RefreshSettings refresh,
        CaptureSettings capture,
        HttpSettings http,
        MetricsSettings metrics) {
    public Configuration {
        Objects.requireNonNull(database);
        Objects.requireNonNull(views);
        Objects.requireNonNull(refresh);
        Objects.requireNonNull(capture);
        Objects.requireNonNull(http);
        Objects.requireNonNull(metrics);
    }

    /** Without what metrics can be told. */
    public Configuration(
            DatabaseSettings database,
            ViewsSettings views,
            RefreshSettings refresh,
            CaptureSettings capture,
            HttpSettings http) {
        this(database, views, refresh, capture, http, MetricsSettings.NONE);
    }
}
