package io.refreshd.observe;

import static io.refreshd.observe.Samples.VIEW;
import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Method;
import io.refreshd.model.Recomputed;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RefreshHistoryTest {
    private final RefreshHistory history = new RefreshHistory(() -> Samples.MOMENT);

    @Test
    void keepsTheLastOfEachViewAndAFewOfAll() {
        for (int i = 1; i <= 100; i++) {
            history.accept(done(VIEW, i));
        }
        assertThat(history.lags(VIEW))
                .hasSize(30)
                .startsWith(Duration.ofMillis(71))
                .endsWith(Duration.ofMillis(100));
        assertThat(history.recent()).hasSize(25);
        assertThat(history.recent().getFirst().lag()).contains(Duration.ofMillis(100));
    }

    /** The history forgets a dropped view by the notice alone, without a request for the page. */
    @Test
    void aDroppedViewIsForgotten() {
        ViewId other = new ViewId("public", "role_b");
        history.accept(done(VIEW, 1));
        history.accept(done(other, 2));
        history.accept(new Notice.ViewGone(VIEW));
        assertThat(history.lags(VIEW)).isEmpty();
        assertThat(history.lags(other)).hasSize(1);
    }

    @Test
    void aRoundSaysWhatItRecomputed() {
        history.accept(round(new Recomputed(1, Optional.empty()), 1));
        history.accept(round(new Recomputed(0, Optional.of("a refresh was asked for")), 7));
        assertThat(history.recent())
                .extracting(RefreshHistory.Entry::outcome)
                .containsExactly(
                        "everything recomputed (a refresh was asked for), 7 rows changed",
                        "1 key recomputed, 1 row changed");
    }

    private static Notice round(Recomputed what, long rows) {
        return new Notice.RefreshDone(
                VIEW, Method.INCREMENTAL, Duration.ofMillis(1), Optional.empty(), Optional.of(rows), Optional.of(what));
    }

    private static Notice done(ViewId view, long lagMillis) {
        return new Notice.RefreshDone(
                view,
                Method.CONCURRENT,
                Duration.ofMillis(1),
                Optional.of(Duration.ofMillis(lagMillis)),
                Optional.empty());
    }
}
