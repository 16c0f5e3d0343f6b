package io.refreshd.observe;

import static io.refreshd.observe.Samples.MOMENT;
import static io.refreshd.observe.Samples.TABLE;
import static io.refreshd.observe.Samples.VIEW;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refreshd.incremental.Way;
import io.refreshd.incremental.WayChooser;
import io.refreshd.model.Failure;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.Operation;
import io.refreshd.model.Recomputed;
import io.refreshd.model.Remedy;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Lateness;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.StreamStatus;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private DaemonStatus status = Samples.status(Samples.fresh(VIEW));
    private Moment now = MOMENT;
    private final Metrics metrics = new Metrics(registry, () -> status, () -> now, io.refreshd.model.ViewId::toString);

    @Test
    void showsZerosForEachViewAndTableFromTheFirstScrapeOn() {
        assertThat(scrape())
                .contains(
                        "refreshd_refreshes_total{method=\"concurrent\",outcome=\"refreshed\",view=\"public.role_a\"} 0.0",
                        "refreshd_refreshes_total{method=\"plain\",outcome=\"failed\",view=\"public.role_a\"} 0.0",
                        "refreshd_refreshes_avoided_total{reason=\"column\",view=\"public.role_a\"} 0.0",
                        "refreshd_refreshes_avoided_total{reason=\"coalesced\",view=\"public.role_a\"} 0.0",
                        "refreshd_target_lag_missed_total{view=\"public.role_a\"} 0.0",
                        "refreshd_changes_total{op=\"truncate\",table=\"public.main\"} 0.0",
                        "refreshd_table_captured{table=\"public.main\"} 1.0",
                        "refreshd_gaps_total{reason=\"slot-lost\"} 0.0",
                        "refreshd_slot_retained_bytes 0.0",
                        "refreshd_commit_to_visible_seconds_count 0",
                        "refreshd_refresh_duration_seconds_count{method=\"plain\"} 0");
    }

    @Test
    void aGroupOfViewsSharesOneSetOfSeriesAndShowsItsWorst() {
        var grouped = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        status = Samples.status(IntStream.range(0, 1000)
                .mapToObj(i -> Samples.stale(
                        new ViewId("public", "role_" + i),
                        i == 7 ? ViewPhase.SUSPENDED : ViewPhase.FRESH,
                        Duration.ofSeconds(i == 7 ? 42 : 0)))
                .toArray(ViewStatus[]::new));
        Metrics metrics = new Metrics(grouped, () -> status, () -> now, view -> "public.role_*");
        metrics.accept(new Notice.RefreshAvoided(new ViewId("public", "role_1"), Notice.Avoided.COLUMN));
        metrics.accept(new Notice.RefreshAvoided(new ViewId("public", "role_2"), Notice.Avoided.COLUMN));
        String scrape = new Scrape(metrics, grouped).answer("").body();
        assertThat(scrape)
                .contains(
                        "refreshd_view_staleness_seconds{view=\"public.role_*\"} 42.0",
                        "refreshd_view_state{state=\"suspended\",view=\"public.role_*\"} 1.0",
                        "refreshd_view_state{state=\"fresh\",view=\"public.role_*\"} 999.0",
                        "refreshd_refreshes_avoided_total{reason=\"column\",view=\"public.role_*\"} 2.0")
                .doesNotContain("role_7");
        assertThat(scrape.lines().filter(line -> line.contains("view=")).count())
                .isLessThan(30);
    }

    @Test
    void aPausedMemberOfAGroupHidesNoOtherAndIsNotTheWorst() {
        ViewId paused = new ViewId("public", "role_b");
        status = Samples.status(
                Samples.stale(VIEW, ViewPhase.DIRTY, Duration.ofSeconds(7)),
                Samples.stale(paused, ViewPhase.PAUSED, Duration.ofHours(7)));
        assertThat(grouped())
                .contains(
                        "refreshd_view_staleness_seconds{view=\"public.role_*\"} 7.0",
                        "refreshd_view_state{state=\"paused\",view=\"public.role_*\"} 1.0");
        status = Samples.status(Samples.stale(paused, ViewPhase.PAUSED, Duration.ofHours(7)));
        assertThat(grouped()).contains("refreshd_view_staleness_seconds{view=\"public.role_*\"} 25200.0");
    }

    @Test
    void countsTheMembersThatWaitForTheirFirstRefresh() {
        status = Samples.status(
                Samples.fresh(VIEW),
                Samples.neverRefreshed(new ViewId("public", "role_b"), ViewPhase.DIRTY),
                Samples.neverRefreshed(new ViewId("public", "role_c"), ViewPhase.BACKING_OFF),
                Samples.neverRefreshed(new ViewId("public", "role_d"), ViewPhase.REFRESHING),
                Samples.neverRefreshed(new ViewId("public", "role_e"), ViewPhase.SUSPENDED),
                Samples.neverRefreshed(new ViewId("public", "role_f"), ViewPhase.PAUSED),
                Samples.neverRefreshed(new ViewId("public", "role_g"), ViewPhase.FRESH));
        assertThat(grouped()).contains("refreshd_view_never_refreshed{view=\"public.role_*\"} 3.0");
    }

    private List<String> grouped() {
        var grouped = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        Metrics metrics = new Metrics(grouped, () -> status, () -> now, view -> "public.role_*");
        return new Scrape(metrics, grouped).answer("").body().lines().toList();
    }

    /** The clauses are those that rounds give; one of them is a chooser's own. */
    @Test
    void roundsAreCountedByKeysRowsAndReason() {
        WayChooser chooser = new WayChooser();
        chooser.took(new Way.Everything("first"), Duration.ofMillis(1));
        String cheaper = chooser.everythingInstead(1_000).orElseThrow();
        String many = chooser.everythingInstead(WayChooser.MOST_KEYS + 1).orElseThrow();
        metrics.accept(round(new Recomputed(3, Optional.empty()), 2));
        metrics.accept(round(new Recomputed(4, Optional.empty()), 0));
        for (String why : List.of(
                "a refresh was asked for",
                "max-staleness has passed",
                "the definition, or a table that it reads, was altered a moment ago",
                "rows changed whose keys are not known, or too many at once",
                "it was dirty when refreshd started",
                "more than 10000 rows changed",
                many,
                cheaper,
                "to see what it takes now; last time it was 3 s")) {
            metrics.accept(round(new Recomputed(0, Optional.of(why)), 10));
        }
        String view = "{view=\"public.role_a\"} ";
        assertThat(scrape())
                .contains(
                        "refreshd_keys_recomputed_total" + view + "7.0",
                        "refreshd_round_rows_changed_total" + view + "92.0")
                .contains(
                        everything("asked-for", 2),
                        everything("altered", 1),
                        everything("keys-unknown", 2),
                        everything("many-rows", 2),
                        everything("cheaper", 1),
                        everything("trial", 1));
    }

    private static String everything(String reason, int times) {
        return "refreshd_everything_recomputed_total{reason=\"" + reason + "\",view=\"public.role_a\"} " + times + ".0";
    }

    private static Notice round(Recomputed what, long rows) {
        return new Notice.RefreshDone(
                VIEW, Method.INCREMENTAL, Duration.ofMillis(4), Optional.empty(), Optional.of(rows), Optional.of(what));
    }

    @Test
    void everyReasonThatIsKnownBeforehandStandsAtZero() {
        assertThat(scrape())
                .contains(
                        "refreshd_troubles_total{reason=\"waited for other refreshes\"} 0.0",
                        "refreshd_troubles_total{reason=\"refresh takes longer than the target\"} 0.0",
                        "refreshd_troubles_total{reason=\"SQLSTATE 55P03\"} 0.0",
                        "refreshd_troubles_total{reason=\"no answer from the server\"} 0.0");
    }

    @Test
    void troubleIsCountedByReason() {
        metrics.accept(new Notice.TargetLagMissed(VIEW, Duration.ofSeconds(9), Duration.ofSeconds(5), Lateness.PAUSED));
        metrics.accept(new Notice.RefreshFailed(
                VIEW, Method.CONCURRENT, new Failure(Failure.Kind.TRANSIENT, "55P03", "locked", Remedy.NONE), 1));
        metrics.accept(new Notice.GapFound("slot-lost"));
        assertThat(scrape())
                .contains(
                        "refreshd_troubles_total{reason=\"was paused\"} 1.0",
                        "refreshd_troubles_total{reason=\"SQLSTATE 55P03\"} 1.0",
                        "refreshd_troubles_total{reason=\"gap: slot-lost\"} 1.0",
                        "refreshd_troubles_total{reason=\"gap: timeline\"} 0.0");
    }

    /** A function may raise an error with any SQLSTATE. */
    @Test
    void inventedSqlStatesMakeNoSeriesOfTheirOwn() {
        for (int i = 0; i < 5_000; i++) {
            String state = Integer.toString(i + 36 * 36 * 36 * 36, 36).toUpperCase(java.util.Locale.ROOT);
            metrics.accept(new Notice.RefreshFailed(
                    VIEW, Method.CONCURRENT, new Failure(Failure.Kind.TRANSIENT, state, "raised", Remedy.NONE), 1));
        }
        metrics.accept(new Notice.RefreshFailed(
                VIEW, Method.CONCURRENT, new Failure(Failure.Kind.TRANSIENT, "22012", "raised", Remedy.NONE), 1));
        List<String> series = scrape().stream()
                .filter(line -> line.startsWith("refreshd_troubles_total{"))
                .toList();
        assertThat(series).hasSizeLessThan(100).contains("refreshd_troubles_total{reason=\"SQLSTATE 22…\"} 1.0");
    }

    @Test
    void countsNotices() {
        metrics.accept(new Notice.RefreshDone(
                VIEW, Method.CONCURRENT, Duration.ofMillis(1500), Optional.of(Duration.ofMillis(60)), Optional.of(3L)));
        metrics.accept(new Notice.RefreshFailed(
                VIEW, Method.CONCURRENT, new Failure(Failure.Kind.TRANSIENT, "55P03", "locked", Remedy.NONE), 1));
        for (Notice.Avoided reason : Notice.Avoided.values()) {
            metrics.accept(new Notice.RefreshAvoided(VIEW, reason));
        }
        metrics.accept(
                new Notice.TargetLagMissed(VIEW, Duration.ofSeconds(9), Duration.ofSeconds(5), Lateness.LONG_REFRESH));
        metrics.accept(new Notice.RowsChanged(TABLE, Operation.UPDATE, 300_000));
        metrics.accept(new Notice.BatchRead(12, Duration.ofMillis(40)));
        metrics.accept(new Notice.SlotSeen(16_777_216, OptionalLong.of(1L << 30)));
        metrics.accept(new Notice.GapFound("slot-lost"));
        metrics.accept(new Notice.DriftFound(
                VIEW, 1, 0, "5:5:", io.refreshd.model.Lsn.ZERO, Optional.empty(), java.util.List.of()));
        metrics.accept(new Notice.GapFound("a word nobody listed"));

        assertThat(scrape())
                .contains(
                        "refreshd_refreshes_total{method=\"concurrent\",outcome=\"refreshed\",view=\"public.role_a\"} 1.0",
                        "refreshd_refreshes_total{method=\"concurrent\",outcome=\"failed\",view=\"public.role_a\"} 1.0",
                        "refreshd_refreshes_avoided_total{reason=\"column\",view=\"public.role_a\"} 1.0",
                        "refreshd_refreshes_avoided_total{reason=\"discriminator\",view=\"public.role_a\"} 1.0",
                        "refreshd_refreshes_avoided_total{reason=\"lookup\",view=\"public.role_a\"} 1.0",
                        "refreshd_refreshes_avoided_total{reason=\"coalesced\",view=\"public.role_a\"} 1.0",
                        // One refresh for the changes avoided by column and value together, and one for the look-up.
                        "refreshd_refresh_saved_seconds_total{view=\"public.role_a\"} 3.0",
                        "refreshd_target_lag_missed_total{view=\"public.role_a\"} 1.0",
                        "refreshd_drift_total{view=\"public.role_a\"} 1.0",
                        "refreshd_changes_total{op=\"update\",table=\"public.main\"} 300000.0",
                        "refreshd_capture_records_total 12.0",
                        "refreshd_capture_lag_seconds 0.04",
                        "refreshd_slot_retained_bytes 1.6777216E7",
                        "refreshd_gaps_total{reason=\"slot-lost\"} 1.0",
                        "refreshd_gaps_total{reason=\"a word nobody listed\"} 1.0",
                        "refreshd_commit_to_visible_seconds_bucket{le=\"0.05\"} 0",
                        "refreshd_commit_to_visible_seconds_bucket{le=\"0.1\"} 1",
                        "refreshd_refresh_duration_seconds_bucket{method=\"concurrent\",le=\"1.0\"} 0",
                        "refreshd_refresh_duration_seconds_bucket{method=\"concurrent\",le=\"2.5\"} 1");
    }

    @Test
    void histogramsReachFromFiveMillisecondsToTenMinutesInFewBuckets() {
        List<String> buckets = scrape().stream()
                .filter(line -> line.startsWith("refreshd_commit_to_visible_seconds_bucket"))
                .toList();
        assertThat(buckets).hasSize(17);
        assertThat(buckets.getFirst()).contains("le=\"0.005\"");
        assertThat(buckets.get(15)).contains("le=\"600.0\"");
    }

    @Test
    void aServerClockAheadOfOursLosesNoRefreshFromTheHistogram() {
        metrics.accept(new Notice.RefreshDone(
                VIEW, Method.PLAIN, Duration.ofMillis(4), Optional.of(Duration.ofMillis(-20)), Optional.empty()));
        metrics.accept(new Notice.BatchRead(1, Duration.ofMillis(-20)));
        assertThat(scrape()).contains("refreshd_commit_to_visible_seconds_count 1", "refreshd_capture_lag_seconds 0.0");
    }

    @Test
    void readsStatusAndClockAtScrapeTime() {
        assertThat(scrape())
                .contains(
                        "refreshd_view_staleness_seconds{view=\"public.role_a\"} 0.0",
                        "refreshd_view_target_lag_seconds{view=\"public.role_a\"} 5.0",
                        "refreshd_view_watermark_known{view=\"public.role_a\"} 1.0",
                        "refreshd_view_last_refresh_timestamp_seconds{view=\"public.role_a\"} 1.772366397E9",
                        "refreshd_view_last_refresh_duration_seconds{view=\"public.role_a\"} 1.5",
                        "refreshd_capture_last_message_age_seconds 0.25",
                        "refreshd_capture_state{state=\"streaming\"} 1.0");

        status = Samples.status(Samples.stale(VIEW, ViewPhase.DIRTY, Duration.ofSeconds(2)));
        now = MOMENT.plus(Duration.ofSeconds(10));
        assertThat(scrape())
                .contains(
                        "refreshd_view_staleness_seconds{view=\"public.role_a\"} 12.0",
                        "refreshd_capture_last_message_age_seconds 10.25");
    }

    @Test
    void exactlyOneStateIsSet() {
        for (ViewPhase phase : ViewPhase.values()) {
            status = Samples.status(Samples.stale(VIEW, phase, Duration.ofSeconds(1)));
            List<String> states = scrape().stream()
                    .filter(line -> line.startsWith("refreshd_view_state{"))
                    .toList();
            assertThat(states).hasSize(ViewPhase.values().length);
            assertThat(states.stream().filter(line -> line.endsWith(" 1.0")))
                    .containsExactly("refreshd_view_state{state=\"" + phase.word() + "\",view=\"public.role_a\"} 1.0");
        }
    }

    @Test
    void ageOfTheLastMessageGrowsFromTheStartIfNoneEverCame() {
        status = new DaemonStatus(StreamStatus.CONNECTING, List.of(), List.of());
        now = MOMENT.plus(Duration.ofSeconds(75));
        assertThat(scrape())
                .contains(
                        "refreshd_capture_last_message_age_seconds 75.0",
                        "refreshd_capture_state{state=\"" + StreamPhase.CONNECTING.word() + "\"} 1.0");
    }

    @Test
    void removesTheSeriesOfDroppedViewsAndTables() {
        scrape();
        status = new DaemonStatus(Samples.streaming(), List.of(), List.of());
        scrape();
        assertThat(scrape()).noneMatch(line -> line.contains("role_a") || line.contains("public.main"));

        status = Samples.status(Samples.fresh(VIEW));
        assertThat(scrape()).contains("refreshd_view_staleness_seconds{view=\"public.role_a\"} 0.0");
    }

    @Test
    void aNoticeThatOvertakesTheStatusIsNotLost() {
        ViewId other = new ViewId("public", "role_b");
        metrics.accept(new Notice.RefreshAvoided(other, Notice.Avoided.COALESCED));
        metrics.accept(new Notice.RowsChanged(new TableId("public", "t"), Operation.INSERT, 5));
        scrape();
        status = Samples.status(Samples.fresh(VIEW), Samples.fresh(other));
        assertThat(scrape())
                .contains("refreshd_refreshes_avoided_total{reason=\"coalesced\",view=\"public.role_b\"} 1.0");
    }

    @Test
    void escapesLabelValues() {
        status = Samples.status(Samples.fresh(Samples.HOSTILE));
        assertThat(scrape())
                .contains("refreshd_view_staleness_seconds{view=\"pub\\\"lic.<script>alert('x')</script>"
                        + "\\\\\\\"\\n{ä}😀&amp;\"} 0.0");
    }

    @Test
    /** How long that takes is measured by the benchmark, part "operating". */
    void aThousandViewsAreScraped() {
        status = Samples.status(IntStream.range(0, 1000)
                .mapToObj(i -> Samples.fresh(new ViewId("public", "role_" + i)))
                .toArray(ViewStatus[]::new));
        assertThat(scrape().stream().filter(line -> line.startsWith("refreshd_view_staleness_seconds{")))
                .hasSize(1000);
    }

    @Test
    void showsVersionAndJava() {
        BuildInfo.register(registry, "1.2.3");
        assertThat(scrape()).contains("refreshd_build_info{java=\"" + Runtime.version() + "\",version=\"1.2.3\"} 1");
    }

    private List<String> scrape() {
        return new Scrape(metrics, registry).answer("").body().lines().toList();
    }
}
