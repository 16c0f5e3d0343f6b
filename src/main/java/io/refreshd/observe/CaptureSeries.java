package io.refreshd.observe;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.refreshd.model.Moment;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.StreamStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** Metric series of the stream and its replication slot, of which there is one each for the life of the daemon. */
final class CaptureSeries {
    private final MeterRegistry registry;
    private final Counter records;
    private final AtomicReference<Double> lag = new AtomicReference<>(0.0);
    private final AtomicLong retained = new AtomicLong();
    private final AtomicReference<Double> limit = new AtomicReference<>(Double.POSITIVE_INFINITY);

    CaptureSeries(MeterRegistry registry, Supplier<StreamStatus> stream, Supplier<Moment> clock) {
        this.registry = registry;
        this.records = Counter.builder(MetricNames.CAPTURE_RECORDS)
                .description("Records read from the stream, heartbeats included")
                .register(registry);
        gauge(
                MetricNames.CAPTURE_LAG,
                "From the commit of the newest record of the last batch to its being read",
                lag::get);
        gauge(
                MetricNames.SLOT_RETAINED,
                "Write-ahead log that the server keeps for the replication slot",
                retained::get);
        gauge(
                MetricNames.SLOT_RETAINED_LIMIT,
                "What the server may keep for the replication slot before it is given up; infinite if there is no limit",
                limit::get);
        Instant started = clock.get().wall();
        gauge(
                MetricNames.CAPTURE_LAST_MESSAGE_AGE,
                "Time since the last record, heartbeats included; since the start if there was none",
                () -> secondsBetween(
                        stream.get().lastMessage().orElse(started), clock.get().wall()));
        for (StreamPhase phase : StreamPhase.values()) {
            Gauge.builder(MetricNames.CAPTURE_STATE, () -> stream.get().phase() == phase ? 1 : 0)
                    .description("1 for the state the capture is in, 0 for the others")
                    .tag(MetricNames.STATE, phase.word())
                    .register(registry);
        }
        MetricNames.GAP_REASONS.forEach(this::gaps);
    }

    void read(int count, Duration sinceCommit) {
        records.increment(count);
        // The server's clock may be ahead of this machine's; a negative lag would mislead a dashboard.
        lag.set(Math.max(0, seconds(sinceCommit)));
    }

    void slot(long retainedBytes, OptionalLong limitBytes) {
        retained.set(retainedBytes);
        limit.set(limitBytes.isPresent() ? (double) limitBytes.getAsLong() : Double.POSITIVE_INFINITY);
    }

    void gap(String reason) {
        gaps(reason).increment();
    }

    private Counter gaps(String reason) {
        return Counter.builder(MetricNames.GAPS)
                .description("Times that changes may have passed unseen, so that views were refreshed to be sure")
                .tag(MetricNames.REASON, reason)
                .register(registry);
    }

    private void gauge(String name, String help, Supplier<Number> value) {
        Gauge.builder(name, value).description(help).register(registry);
    }

    private static double secondsBetween(Instant then, Instant now) {
        return Math.max(0, seconds(Duration.between(then, now)));
    }

    /** Also of a time that is too long for a number of nanoseconds: clocks may say anything. */
    private static double seconds(Duration duration) {
        return duration.getSeconds() + duration.getNano() / 1e9;
    }
}
