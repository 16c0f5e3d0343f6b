package io.refreshd.observe;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Endpoint {@code /metrics} of a process that serves several databases: the series of all of them in one answer. Each database has a
 * registry of its own, all of whose series have its label, so that they go when it goes. Series of one name from several registries are
 * written as one family.
 *
 * <p>Thread: any.
 */
final class FleetScrape {
    private final PrometheusMeterRegistry process;

    FleetScrape(PrometheusMeterRegistry process, Supplier<List<ServedDatabase>> databases) {
        this.process = process;
        MultiCollector all = () -> collect(databases.get());
        process.getPrometheusRegistry().register(all);
    }

    private static MetricSnapshots collect(List<ServedDatabase> databases) {
        List<MetricSnapshot> all = new ArrayList<>();
        for (ServedDatabase database : databases) {
            database.monitor().ifPresent(monitor -> {
                monitor.metrics().guarded(monitor.metrics()::sync);
                monitor.registry().getPrometheusRegistry().scrape().forEach(all::add);
            });
        }
        return new MetricSnapshots(all);
    }

    Response answer(String accept) {
        String type = Scrape.type(accept);
        return new Response(200, type, Map.of(), process.scrape(type));
    }
}
