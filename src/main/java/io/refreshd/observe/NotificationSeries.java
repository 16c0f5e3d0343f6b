package io.refreshd.observe;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/** Counter of messages to subscribers of views, by whether {@code NOTIFY} was sent. */
final class NotificationSeries {
    private final Counter sent;
    private final Counter heldBack;

    NotificationSeries(MeterRegistry registry) {
        this.sent = counter(registry, "sent");
        this.heldBack = counter(registry, "held-back");
    }

    void count(boolean wasSent) {
        (wasSent ? sent : heldBack).increment();
    }

    private static Counter counter(MeterRegistry registry, String outcome) {
        return Counter.builder(MetricNames.NOTIFICATIONS)
                .description("Messages to subscribers that rows of a view changed, by whether NOTIFY was sent")
                .tag(MetricNames.OUTCOME, outcome)
                .register(registry);
    }
}
