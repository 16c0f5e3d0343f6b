package io.refreshd.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Lsn;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.StreamStatus;
import io.refreshd.report.ViewPhase;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CatchUpTest {
    private static final Lsn LAST = new Lsn(100);

    @Test
    void isCaughtUpWhenAllIsRoutedAndFresh() {
        assertThat(CatchUp.isCaughtUp(status(100, ViewPhase.FRESH), LAST)).isTrue();
    }

    @Test
    void isNotWhileAViewIsDirty() {
        assertThat(CatchUp.isCaughtUp(status(100, ViewPhase.DIRTY), LAST)).isFalse();
    }

    @Test
    void isNotWhileTheLastCommitHasNotBeenRead() {
        assertThat(CatchUp.isCaughtUp(status(99, ViewPhase.FRESH), LAST)).isFalse();
    }

    @Test
    void isNotBeforeAnythingIsKnown() {
        assertThat(CatchUp.isCaughtUp(DaemonStatus.STARTING, Lsn.ZERO)).isFalse();
    }

    private static DaemonStatus status(long routed, ViewPhase phase) {
        return new DaemonStatus(
                new StreamStatus(StreamPhase.STREAMING, Optional.empty(), Optional.of(new Lsn(routed)), ""),
                List.of(TimedDaemon.view(DemoSchema.ROLE_A, phase, 0)),
                List.of());
    }
}
