package io.refreshd.observe;

import static io.refreshd.observe.MetricNames.labelValue;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.refreshd.model.Method;
import io.refreshd.report.Notice;
import java.time.Duration;

/**
 * Histograms of refresh durations and of commit-to-visible times, all views together. By view they would be twenty series for each
 * of a thousand views in every scrape; {@link MetricNames#VIEW_LAST_REFRESH_DURATION} shows which view is slow.
 */
final class RefreshSeries {
    /** From the refresh of a tiny view on a fast disk up to durations at which no view counts as fresh. */
    private static final Duration[] BUCKETS = {
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofMillis(2500),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofMinutes(1),
        Duration.ofMinutes(2),
        Duration.ofMinutes(5),
        Duration.ofMinutes(10)
    };

    private final Timer commitToVisible;
    private final TotalEnumMap<Method, Timer> durations;

    RefreshSeries(MeterRegistry registry) {
        this.commitToVisible = Timer.builder(MetricNames.COMMIT_TO_VISIBLE)
                .description("From a commit to its being seen in a view, for the oldest commit of each refresh")
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
        this.durations = new TotalEnumMap<>(
                Method.class,
                method -> Timer.builder(MetricNames.REFRESH_DURATION)
                        .description("What refreshes that did their work took")
                        .tag(MetricNames.METHOD, labelValue(method))
                        .serviceLevelObjectives(BUCKETS)
                        .register(registry));
    }

    void done(Notice.RefreshDone refresh) {
        durations.of(refresh.method()).record(refresh.duration());
        // A Timer drops negative values, and the server's clock may be ahead: without this such a refresh would not be
        // counted.
        refresh.commitToVisible().map(d -> d.isNegative() ? Duration.ZERO : d).ifPresent(commitToVisible::record);
    }
}
