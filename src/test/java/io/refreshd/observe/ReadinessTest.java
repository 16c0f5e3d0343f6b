package io.refreshd.observe;

import static io.refreshd.observe.Samples.NOW;
import static io.refreshd.observe.Samples.VIEW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.StreamStatus;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReadinessTest {
    private final Readiness readiness = new Readiness(Duration.ofSeconds(30), Duration.ofSeconds(2));

    @Test
    void readyWhenStreamingAndNoViewIsBeyondItsBound() {
        assertThat(reasons(Samples.fresh(VIEW), Samples.stale(VIEW, ViewPhase.REFRESHING, Duration.ofSeconds(7))))
                .isEmpty();
        assertThat(of(Samples.stream(StreamPhase.HELD, "waits for a standby"))).isEmpty();
    }

    @Test
    void aViewBeyondTargetLagAndGraceIsAReason() {
        assertThat(reasons(Samples.stale(VIEW, ViewPhase.REFRESHING, Duration.ofMillis(7001))))
                .containsExactly("view public.role_a is refreshing and 7.0 s stale (target lag: 5.0 s)");
    }

    @Test
    void aSuspendedViewTellsWhy() {
        assertThat(reasons(Samples.suspended(
                        VIEW, new Obstacle("it has no unique index", Remedy.sql("CREATE UNIQUE INDEX …")))))
                .containsExactly(
                        "view public.role_a is suspended and 90 s stale (target lag: 5.0 s): it has no unique index");
    }

    /** The cause has to be removed; the daemon keeps all other views fresh. */
    @Test
    void aSuspendedOrBlockedViewDoesNotMakeTheDaemonUnready() {
        assertThat(isReady(
                        Samples.fresh(VIEW),
                        Samples.suspended(
                                VIEW, new Obstacle("it has no unique index", Remedy.sql("CREATE UNIQUE INDEX …"))),
                        Samples.stale(VIEW, ViewPhase.BLOCKED, Duration.ofDays(3)),
                        Samples.neverRefreshed(VIEW, ViewPhase.SUSPENDED)))
                .isTrue();
        assertThat(isReady(Samples.stale(VIEW, ViewPhase.DIRTY, Duration.ofMinutes(3))))
                .isFalse();
        assertThat(isReady(Samples.neverRefreshed(VIEW, ViewPhase.DIRTY))).isFalse();
        assertThat(readiness.isReady(DaemonStatus.STARTING, NOW)).isFalse();
    }

    private boolean isReady(ViewStatus... views) {
        return readiness.isReady(Samples.status(views), NOW);
    }

    @Test
    void aPausedViewIsAsStaleAsTheOperatorWantsIt() {
        assertThat(reasons(Samples.stale(VIEW, ViewPhase.PAUSED, Duration.ofDays(3))))
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = ViewPhase.class,
            names = {"DIRTY", "REFRESHING", "BACKING_OFF", "SUSPENDED", "BLOCKED"})
    void aViewOfWhichNothingIsKnownIsAReason(ViewPhase phase) {
        assertThat(reasons(Samples.neverRefreshed(VIEW, phase)))
                .containsExactly("view public.role_a is " + phase.word() + " and was never refreshed");
    }

    @Test
    void aSilentStreamIsAReasonThoughItCallsItselfStreaming() {
        var silent = new StreamStatus(StreamPhase.STREAMING, Optional.of(NOW.minusSeconds(31)), Optional.empty(), "");
        assertThat(of(silent)).containsExactly("no message from the write-ahead log for 31 s (allowed: 30 s)");
        var mute = new StreamStatus(StreamPhase.STREAMING, Optional.empty(), Optional.empty(), "");
        assertThat(of(mute)).containsExactly("no message has come from the write-ahead log yet");
    }

    @Test
    void notReadyBeforeBehindOrAfterTheStream() {
        assertThat(readiness.reasonsAgainst(DaemonStatus.STARTING, NOW))
                .containsExactly("not connected to the write-ahead log");
        assertThat(of(Samples.stream(StreamPhase.CONNECTING, "connection refused")))
                .containsExactly("not connected to the write-ahead log: connection refused");
        assertThat(of(Samples.stream(StreamPhase.STANDBY, "")))
                .containsExactly("standby: another daemon serves this database");
        assertThat(of(Samples.stream(StreamPhase.STOPPED, ""))).containsExactly("the capture has stopped");
    }

    @Test
    void boundsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> new Readiness(Duration.ZERO, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Readiness(Duration.ofSeconds(1), Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private List<String> reasons(ViewStatus... views) {
        return readiness.reasonsAgainst(Samples.status(views), NOW);
    }

    private List<String> of(StreamStatus stream) {
        return readiness.reasonsAgainst(new DaemonStatus(stream, List.of(), List.of()), NOW);
    }
}
