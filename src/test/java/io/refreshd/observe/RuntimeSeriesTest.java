package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.junit.jupiter.api.Test;

class RuntimeSeriesTest {
    @Test
    void showsProcessAndJvm() {
        var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        try (RuntimeSeries series = new RuntimeSeries(registry)) {
            series.start();
            assertThat(registry.scrape())
                    .contains(
                            "process_start_time_seconds ",
                            "process_uptime_seconds ",
                            "process_cpu_usage ",
                            "process_files_open_files ",
                            "jvm_memory_used_bytes{",
                            "jvm_threads_live_threads ");
        }
    }

    @Test
    void closesBeforeStartAndTwice() {
        RuntimeSeries series = new RuntimeSeries(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
        series.close();
        series.close();
        assertThat(series).isNotNull();
    }
}
