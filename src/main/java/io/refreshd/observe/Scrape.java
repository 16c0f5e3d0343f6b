package io.refreshd.observe;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Locale;
import java.util.Map;

/** Endpoint {@code /metrics}, in Prometheus' text format or as OpenMetrics. Thread: any. */
public final class Scrape {
    private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";
    private static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private final Metrics metrics;
    private final PrometheusMeterRegistry registry;

    public Scrape(Metrics metrics, PrometheusMeterRegistry registry) {
        this.metrics = metrics;
        this.registry = registry;
    }

    Response answer(String accept) {
        metrics.guarded(metrics::sync);
        String type = type(accept);
        return new Response(200, type, Map.of(), registry.scrape(type));
    }

    /** The content type of the answer to a request with this header {@code Accept}. */
    static String type(String accept) {
        return accept.toLowerCase(Locale.ROOT).contains("application/openmetrics-text") ? OPEN_METRICS : TEXT;
    }
}
