package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LockPatienceTest {
    private static final ViewId VIEW = new ViewId("public", "v");
    private static final ViewId OTHER = new ViewId("public", "w");

    private static final LockConflict HELD_UP = new LockConflict.HeldUp("t");

    private final LockPatience patience = new LockPatience(Optional.of(Duration.ofSeconds(1)));

    @Test
    void aViewThatAlwaysGivesWayGetsMorePatientUntilItIsRefreshed() {
        assertThat(patience.of(VIEW)).hasSeconds(1);
        patience.gaveWay(VIEW, HELD_UP);
        patience.gaveWay(VIEW, HELD_UP);
        assertThat(patience.of(VIEW)).hasSeconds(1);
        assertThat(patience.gaveWay(VIEW, HELD_UP)).isEqualTo(3);
        assertThat(patience.of(VIEW)).hasSeconds(2);
        patience.gaveWay(VIEW, HELD_UP);
        assertThat(patience.of(VIEW)).hasSeconds(4);
        assertThat(patience.of(OTHER)).hasSeconds(1);
        for (int i = 0; i < 100; i++) {
            patience.gaveWay(VIEW, HELD_UP);
        }
        assertThat(patience.of(VIEW)).hasSeconds(1 << 16);
        patience.reset(VIEW);
        assertThat(patience.of(VIEW)).hasSeconds(1);
    }

    @Test
    void aDeadlockAsksForNoPatience() {
        for (int i = 0; i < 10; i++) {
            patience.gaveWay(VIEW, new LockConflict.Deadlock());
        }
        assertThat(patience.of(VIEW)).hasSeconds(1);
    }

    @Test
    void withoutALimitNoViewGivesWay() {
        assertThat(new LockPatience(Optional.empty()).of(VIEW)).isGreaterThan(Duration.ofDays(300));
    }
}
