package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import io.refreshd.testing.Captured;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** What cannot be shown or logged neither ends whoever reports nor hides the rest. */
class ListenerGuardTest {
    private static final Notice NOTICE = new Notice.GapFound("slot-missing");

    private final AtomicInteger counted = new AtomicInteger();
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    @Test
    void whatAListenerThrowsIsCountedAndLoggedOnce() {
        Consumer<Notice> guard = new ListenerGuard(
                notice -> {
                    throw new StackOverflowError();
                },
                counted::incrementAndGet);
        try (Captured log = new Captured(ListenerGuard.class)) {
            guard.accept(NOTICE);
            guard.accept(NOTICE);
            assertThat(log.lines()).containsExactly("ERROR A listener failed; further failures of it are not logged");
        }
        assertThat(counted).hasValue(2);
    }

    @Test
    void aCounterMayFailToo() {
        new ListenerGuard(
                        notice -> {
                            throw new IllegalStateException("first");
                        },
                        () -> {
                            throw new OutOfMemoryError();
                        })
                .accept(NOTICE);
    }

    /** A heartbeat from the year -290000, as anybody could forge one, ended the stream here. */
    @Test
    void aLagThatNoNumberOfNanosecondsHoldsIsShown() {
        Metrics metrics = metrics(() -> Samples.status(Samples.fresh(Samples.VIEW)));
        metrics.accept(new Notice.BatchRead(1, Duration.between(Instant.MIN, Instant.MAX)));
        assertThat(new Scrape(metrics, registry).answer("").body()).contains("refreshd_capture_lag_seconds 6.3");
    }

    @Test
    void aGaugeThatThrowsHidesNoOther() {
        Metrics metrics = metrics(() -> Samples.status(Samples.fresh(Samples.VIEW)));
        Gauge.builder("refreshd_broken", () -> {
                    throw new ArithmeticException("long overflow");
                })
                .register(registry);
        assertThat(new Scrape(metrics, registry).answer("").body()).contains("refreshd_view_state{");
    }

    @Test
    void aStatusThatCannotBeReadHidesNoCounter() {
        Metrics metrics = metrics(() -> {
            throw new IllegalStateException("no status");
        });
        metrics.accept(NOTICE);
        metrics.accept(new Notice.ErrorCaught("here", new StackOverflowError()));
        assertThat(new Scrape(metrics, registry).answer("").body())
                .contains("refreshd_gaps_total{reason=\"slot-missing\"} 1.0")
                .contains("refreshd_troubles_total{reason=\"internal error\"} 2.0");
    }

    private Metrics metrics(Supplier<DaemonStatus> status) {
        return new Metrics(registry, status, () -> Samples.MOMENT, ViewId::toString);
    }
}
