package io.refreshd.observe;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.core.metrics.Info;

/** The series that says what is running. */
final class BuildInfo {
    private BuildInfo() {}

    /** Not through Micrometer, which has no such type and drops the "_info" of a gauge's name. */
    static void register(PrometheusMeterRegistry registry, String version) {
        Info.builder()
                .name(MetricNames.BUILD_INFO)
                .help("1; the labels say what is running")
                .labelNames(MetricNames.VERSION, MetricNames.JAVA)
                .register(registry.getPrometheusRegistry())
                .addLabelValues(version, Runtime.version().toString());
    }
}
