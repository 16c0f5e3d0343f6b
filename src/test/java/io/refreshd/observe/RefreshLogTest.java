package io.refreshd.observe;

import static io.refreshd.observe.Samples.VIEW;
import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Failure;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Operation;
import io.refreshd.model.Recomputed;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import io.refreshd.report.Lateness;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.Captured;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RefreshLogTest {
    private final Captured captured = new Captured(RefreshLog.class);
    private Moment now = Samples.MOMENT;
    private final RefreshLog log = new RefreshLog(() -> now);

    @AfterEach
    void release() {
        captured.close();
    }

    @Test
    void oneLineForEachRefresh() {
        log.accept(new Notice.RefreshDone(
                VIEW,
                Method.CONCURRENT,
                Duration.ofMillis(840),
                Optional.of(Duration.ofMillis(1100)),
                Optional.of(12L)));
        log.accept(done(VIEW));
        log.accept(round(new Recomputed(3, Optional.empty())));
        log.accept(round(new Recomputed(0, Optional.of("a refresh was asked for"))));
        String round = "INFO View refreshed view=public.role_a method=incremental duration=4 ms rows=2 ";
        assertThat(captured.lines())
                .containsExactly(
                        "INFO View refreshed view=public.role_a method=concurrent duration=840 ms rows=12 lag=1.1 s",
                        "INFO View refreshed view=public.role_a method=concurrent duration=10 ms",
                        round + "keys=3",
                        round + "everything=a refresh was asked for");
    }

    private static Notice round(Recomputed what) {
        return new Notice.RefreshDone(
                VIEW, Method.INCREMENTAL, Duration.ofMillis(4), Optional.empty(), Optional.of(2L), Optional.of(what));
    }

    @Test
    void saysHowManyViewsThereAreAndWhatWasLookedForIfThereIsNone() {
        log.accept(new Notice.ViewsFound(0, List.of("public.*", "app.role_*")));
        log.accept(new Notice.ViewsFound(3, List.of("public.*", "app.role_*")));
        assertThat(captured.lines())
                .containsExactly(
                        "WARN No materialized view matches views.include: nothing to do until the first one appears"
                                + " include=[public.*, app.role_*]",
                        "INFO Materialized views found views=3");
    }

    @Test
    void whatComesWithEveryChangeOrTickIsNotWritten() {
        log.accept(new Notice.RowsChanged(Samples.TABLE, Operation.INSERT, 9));
        log.accept(new Notice.BatchRead(9, Duration.ZERO));
        log.accept(new Notice.RefreshAvoided(VIEW, Notice.Avoided.COLUMN));
        log.accept(new Notice.SlotSeen(9, OptionalLong.empty()));
        log.accept(phase(ViewPhase.FRESH, ViewPhase.DIRTY, ""));
        log.accept(phase(ViewPhase.DIRTY, ViewPhase.REFRESHING, ""));
        log.accept(phase(ViewPhase.REFRESHING, ViewPhase.FRESH, ""));
        log.accept(phase(ViewPhase.REFRESHING, ViewPhase.BACKING_OFF, "locked"));
        assertThat(captured.lines()).isEmpty();
    }

    @Test
    void theFirstFailureThenOneAMinuteThenOneLineOnRecovery() {
        log.accept(failed(1));
        assertThat(captured.lines())
                .containsExactly("WARN Refresh failed remedy=GRANT MAINTAIN … view=public.role_a method=concurrent"
                        + " sqlstate=42501 failures=1 reason=permission denied");
        for (int i = 2; i <= 7; i++) {
            advance(Duration.ofSeconds(9));
            log.accept(failed(i));
        }
        assertThat(captured.lines()).isEmpty();
        advance(Duration.ofSeconds(6));
        log.accept(failed(8));
        assertThat(captured.lines()).singleElement().asString().contains("heldBack=6", "failures=8");

        log.accept(done(VIEW));
        log.accept(done(VIEW));
        assertThat(captured.lines())
                .containsExactly(
                        "INFO View recovered view=public.role_a",
                        "INFO View refreshed view=public.role_a method=concurrent duration=10 ms",
                        "INFO View refreshed view=public.role_a method=concurrent duration=10 ms");
        log.accept(failed(1));
        assertThat(captured.lines()).hasSize(1);
    }

    @Test
    void oneViewsFailuresDoNotHideAnothers() {
        log.accept(failed(1));
        log.accept(new Notice.RefreshFailed(new ViewId("public", "role_b"), Method.PLAIN, failure(), 1));
        assertThat(captured.lines()).hasSize(2);
    }

    @Test
    void aSuspensionIsLoggedOnceWithReasonAndRemedy() {
        log.accept(failed(1));
        log.accept(phase(ViewPhase.REFRESHING, ViewPhase.SUSPENDED, "permission denied"));
        assertThat(captured.lines().getLast())
                .isEqualTo("WARN View suspended: it is not refreshed until the cause is removed"
                        + " view=public.role_a reason=permission denied remedy=GRANT MAINTAIN …");
        log.accept(phase(ViewPhase.SUSPENDED, ViewPhase.DIRTY, "its definition changed"));
        log.accept(phase(ViewPhase.DIRTY, ViewPhase.SUSPENDED, "permission denied"));
        assertThat(captured.lines())
                .containsExactly(
                        "INFO View no longer suspended view=public.role_a reason=its definition changed remedy=GRANT MAINTAIN …");
    }

    @Test
    void aSuspensionWithoutAFailedRefreshIsLoggedToo() {
        log.accept(phase(ViewPhase.FRESH, ViewPhase.SUSPENDED, "it has no unique index"));
        assertThat(captured.lines())
                .containsExactly("WARN View suspended: it is not refreshed until the cause is removed"
                        + " view=public.role_a reason=it has no unique index remedy=GRANT MAINTAIN …");
    }

    @Test
    void pausingAndBlockingAreLogged() {
        log.accept(phase(ViewPhase.DIRTY, ViewPhase.PAUSED, ""));
        log.accept(phase(ViewPhase.PAUSED, ViewPhase.DIRTY, ""));
        log.accept(phase(ViewPhase.DIRTY, ViewPhase.BLOCKED, "public.base is suspended"));
        log.accept(phase(ViewPhase.BLOCKED, ViewPhase.DIRTY, ""));
        assertThat(captured.lines())
                .containsExactly(
                        "INFO View paused view=public.role_a",
                        "INFO View resumed view=public.role_a",
                        "INFO View blocked: it stands on one that is suspended view=public.role_a"
                                + " reason=public.base is suspended remedy=GRANT MAINTAIN …",
                        "INFO View no longer blocked view=public.role_a");
    }

    @Test
    void gapsAndMissesAreWarnings() {
        log.accept(new Notice.GapFound("slot-lost"));
        log.accept(new Notice.GapFound("slot-lost"));
        log.accept(new Notice.GapFound("restored"));
        log.accept(new Notice.TargetLagMissed(VIEW, Duration.ofSeconds(9), Duration.ofSeconds(5), Lateness.SLOT));
        log.accept(new Notice.TargetLagMissed(VIEW, Duration.ofSeconds(8), Duration.ofSeconds(5), Lateness.SLOT));
        assertThat(captured.lines())
                .containsExactly(
                        "WARN Gap in the stream: changes may have passed unseen, so views are refreshed to be sure"
                                + " reason=slot-lost",
                        "WARN Gap in the stream: changes may have passed unseen, so views are refreshed to be sure"
                                + " reason=restored",
                        "WARN Target lag missed view=public.role_a staleness=9.0 s target=5.0 s reason=waited for other refreshes");
    }

    @Test
    void driftIsAnErrorWithAllThatAReportNeeds() {
        log.accept(new Notice.DriftFound(
                VIEW,
                2,
                1,
                "7:9:8",
                io.refreshd.model.Lsn.parse("0/20"),
                Optional.of(io.refreshd.model.Lsn.parse("0/30")),
                java.util.List.of("(7)")));
        assertThat(captured.lines())
                .containsExactly(
                        "ERROR View differs from its definition though the ledger calls it fresh: please report this;"
                                + " it is refreshed view=public.role_a missing=2 surplus=1 snapshot=7:9:8 position=0/20"
                                + " watermark=0/30 keys=(not shown)");
    }

    @Test
    void aViewThatWasDroppedWhileItFailedIsForgotten() {
        log.accept(failed(1));
        log.accept(new Notice.ViewGone(VIEW));
        captured.lines();
        log.accept(done(VIEW));
        assertThat(captured.lines())
                .containsExactly("INFO View refreshed view=public.role_a method=concurrent duration=10 ms");
    }

    private void advance(Duration duration) {
        now = now.plus(duration);
    }

    private static Notice done(ViewId view) {
        return new Notice.RefreshDone(
                view, Method.CONCURRENT, Duration.ofMillis(10), Optional.empty(), Optional.empty());
    }

    private static Notice failed(int inARow) {
        return new Notice.RefreshFailed(VIEW, Method.CONCURRENT, failure(), inARow);
    }

    private static Failure failure() {
        return new Failure(Failure.Kind.PERMANENT, "42501", "permission denied", Remedy.sql("GRANT MAINTAIN …"));
    }

    private static Notice phase(ViewPhase from, ViewPhase to, String reason) {
        return new Notice.PhaseChanged(
                VIEW,
                from,
                to,
                reason.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new Obstacle(reason, Remedy.sql("GRANT MAINTAIN …"))));
    }
}
