package io.refreshd.observe;

import static io.refreshd.observe.Samples.NOW;
import static io.refreshd.observe.Samples.VIEW;
import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Failure;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.Recomputed;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The minutes of the last hour of a view, and what the page of the view draws of them. */
class TimelineTest {
    private Instant now = NOW.minusSeconds(7200);
    private final RefreshHistory history = new RefreshHistory(() -> new Moment(0, now));

    @Test
    void aMinuteAddsUpWhatHappenedInIt() {
        now = NOW;
        done(Method.CONCURRENT, 40, 900, 3, Optional.empty());
        done(Method.INCREMENTAL, 20, 100, 5, Optional.of(new Recomputed(7, Optional.empty())));
        done(Method.INCREMENTAL, 30, 200, 1, Optional.of(new Recomputed(0, Optional.of("a table was altered"))));
        assertThat(history.minutes(VIEW))
                .containsExactly(new RefreshMinute(
                        RefreshHistory.minute(NOW),
                        3,
                        0,
                        2,
                        1,
                        Optional.of(Duration.ofMillis(900)),
                        Duration.ofMillis(40),
                        7,
                        9,
                        Optional.of("everything recomputed: a table was altered")));
        fail("the owner lacks SELECT");
        assertThat(history.minutes(VIEW).getFirst().failures()).isEqualTo(1);
        assertThat(history.minutes(VIEW).getFirst().remark()).contains("the owner lacks SELECT");
    }

    @Test
    void keepsAnHourOfEachView() {
        for (int minute = 0; minute < 200; minute++) {
            now = NOW.plusSeconds(60L * minute);
            done(Method.CONCURRENT, 1, 1, 1, Optional.empty());
        }
        assertThat(history.minutes(VIEW)).hasSize(60);
        assertThat(history.minutes(VIEW).getFirst().minute()).isEqualTo(RefreshHistory.minute(NOW) + 140);
        now = now.plusSeconds(45 * 60);
        assertThat(history.minutes(VIEW)).as("time goes on without refreshes").hasSize(15);
        assertThat(history.minutes(new ViewId("public", "other"))).isEmpty();
        history.accept(new Notice.ViewGone(VIEW));
        assertThat(history.minutes(VIEW)).isEmpty();
    }

    @Test
    void aClockThatIsSetBackLosesNothing() {
        now = NOW;
        done(Method.CONCURRENT, 1, 1, 1, Optional.empty());
        now = NOW.minusSeconds(300);
        done(Method.CONCURRENT, 1, 1, 1, Optional.empty());
        now = NOW;
        assertThat(history.minutes(VIEW)).extracting(RefreshMinute::refreshes).containsExactly(2);
    }

    /** A change that was visible after ten minutes shows that the view was stale for ten. */
    @Test
    void aLateRefreshTellsOfTheMinutesBefore() {
        now = NOW.minusSeconds(600);
        done(Method.CONCURRENT, 1, 240_000, 1, Optional.empty());
        String strip = strip(chart(Samples.fresh(VIEW)), "lag");
        assertThat(bars(strip)).as("of 240, 180, 120 and 60 s").containsExactly("46.1", "47.1", "48.1", "49.1");
        assertThat(heights(strip)).containsExactly(9.5, 19.0, 28.6, 38.1);
        assertThat(strip).contains("at most 4 min, target 5.0 s, missed").contains("<line ");
    }

    /** No refresh tells of a view that is suspended, so its present staleness does. */
    @Test
    void aViewThatLacksAChangeNowIsDrawnAsStale() {
        now = NOW;
        ViewStatus stale = Samples.stale(VIEW, ViewPhase.SUSPENDED, Duration.ofSeconds(200));
        assertThat(bars(strip(chart(stale), "lag"))).containsExactly("55.1", "56.1", "57.1", "58.1", "59.1");
    }

    @Test
    void failuresAndFullRecomputationsHaveStripsOfTheirOwnOnceThereAreAny() {
        now = NOW;
        done(Method.INCREMENTAL, 20, 100, 5, Optional.of(new Recomputed(7, Optional.empty())));
        assertThat(chart(Samples.fresh(VIEW))).doesNotContain("strip full", "strip failed");
        done(Method.INCREMENTAL, 20, 100, 5, Optional.of(new Recomputed(0, Optional.of("<b>"))));
        fail("<script>");
        assertThat(chart(Samples.fresh(VIEW))).contains("strip full", "strip failed");
        String page = TimelinePage.main(Samples.fresh(VIEW), history.minutes(VIEW), history.began(), now);
        assertThat(page)
                .contains(">12:00</th>", ">7</td>", "&lt;script&gt;")
                .doesNotContain("<script>", "<b>", "kept in memory");
    }

    @Test
    void whatWasBeforeTheStartIsNotDrawnAsFresh() {
        now = NOW;
        RefreshHistory young = new RefreshHistory(() -> new Moment(0, NOW.minusSeconds(1200)));
        assertThat(TimelinePage.main(Samples.fresh(VIEW), List.of(), young.began(), now))
                .contains("<rect class=\"unknown\" width=\"39\"", "the time before 11:40 UTC", "No refresh ended");
    }

    private String chart(ViewStatus view) {
        now = NOW;
        return TimelineChart.html(view, history.minutes(VIEW), history.began(), NOW);
    }

    private static String strip(String chart, String style) {
        return chart.substring(chart.indexOf("class=\"strip " + style)).split("</svg>", 2)[0];
    }

    private static List<String> bars(String strip) {
        return Pattern.compile(" x=\"([\\d.]+)\" y")
                .matcher(strip)
                .results()
                .map(bar -> bar.group(1))
                .toList();
    }

    private static List<Double> heights(String strip) {
        List<Double> heights = new ArrayList<>();
        Pattern.compile(" height=\"([\\d.]+)\"/>")
                .matcher(strip)
                .results()
                .forEach(bar -> heights.add(Double.valueOf(bar.group(1))));
        return heights;
    }

    private void done(Method method, long took, long lag, long rows, Optional<Recomputed> what) {
        history.accept(new Notice.RefreshDone(
                VIEW, method, Duration.ofMillis(took), Optional.of(Duration.ofMillis(lag)), Optional.of(rows), what));
    }

    private void fail(String what) {
        history.accept(new Notice.RefreshFailed(
                VIEW,
                Method.CONCURRENT,
                new Failure(Failure.Kind.PERMANENT, "42501", what, Remedy.text("grant it")),
                1));
    }
}
