package io.refreshd.observe;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.refreshd.model.PlainText;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** Meters of one view or table: they share a label and are removed together. Thread: any. */
final class SeriesSet {
    private final MeterRegistry registry;
    private final Tags common;
    private final List<Meter> meters = new CopyOnWriteArrayList<>();

    SeriesSet(MeterRegistry registry, String label, String value) {
        this.registry = registry;
        this.common = Tags.of(label, plain(value));
    }

    /** Prometheus' format escapes line breaks itself, and nothing else that is not seen. */
    private static String plain(String value) {
        return String.join(
                "\n", Arrays.stream(value.split("\n", -1)).map(PlainText::line).toList());
    }

    Counter counter(String name, String description, String... labels) {
        return add(Counter.builder(name)
                .description(description)
                .tags(common.and(labels))
                .register(registry));
    }

    void gauge(String name, String description, Supplier<Number> value, String... labels) {
        add(Gauge.builder(name, value)
                .description(description)
                .tags(common.and(labels))
                .register(registry));
    }

    void remove() {
        meters.forEach(registry::remove);
        meters.clear();
    }

    private <M extends Meter> M add(M meter) {
        meters.add(meter);
        return meter;
    }
}
