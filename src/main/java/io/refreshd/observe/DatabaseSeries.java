package io.refreshd.observe;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.refreshd.report.UnitPhase;
import java.util.List;
import java.util.function.Supplier;

/** Metric series of the databases of a process that serves several. Their number is that of the configuration. */
final class DatabaseSeries {
    DatabaseSeries(MeterRegistry registry, Supplier<List<ServedDatabase>> databases) {
        for (ServedDatabase database : databases.get()) {
            String name = database.name();
            for (UnitPhase phase : UnitPhase.values()) {
                Gauge.builder(
                                MetricNames.DATABASE_STATE,
                                () -> find(databases, name).phase() == phase ? 1 : 0)
                        .description("1 for what this process does with the database, else 0")
                        .tag(MetricNames.DATABASE, name)
                        .tag(MetricNames.STATE, phase.word())
                        .register(registry);
            }
            FunctionCounter.builder(
                            MetricNames.DATABASE_RESTARTS,
                            databases,
                            all -> find(all, name).restarts())
                    .description("Times that the database began anew after an error that must not happen")
                    .tag(MetricNames.DATABASE, name)
                    .register(registry);
        }
    }

    private static ServedDatabase find(Supplier<List<ServedDatabase>> databases, String name) {
        return databases.get().stream()
                .filter(database -> database.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
