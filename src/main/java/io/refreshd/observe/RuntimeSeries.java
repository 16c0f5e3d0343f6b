package io.refreshd.observe;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;

/** Metric series of the process and the JVM. Owns the listeners to the garbage collector, which {@link #close} removes. */
public final class RuntimeSeries implements AutoCloseable {
    private final MeterRegistry registry;
    private final JvmGcMetrics collector = new JvmGcMetrics();

    public RuntimeSeries(MeterRegistry registry) {
        this.registry = registry;
    }

    public void start() {
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        collector.bindTo(registry);
    }

    @Override
    public void close() {
        collector.close();
    }
}
