package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LockPatienceTest {
    private static final ViewId VIEW = new ViewId("public", "v");
    private static final ViewId OTHER = new ViewId("public", "w");

    private final LockPatience patience = new LockPatience(Optional.of(Duration.ofSeconds(1)));

    @Test
    void aViewThatAlwaysGivesWayGetsMorePatientUntilItIsRefreshed() {
        assertThat(patience.of(VIEW)).hasSeconds(1);
        patience.gaveWay(VIEW);
        patience.gaveWay(VIEW);
        assertThat(patience.of(VIEW)).hasSeconds(1);
        assertThat(patience.gaveWay(VIEW)).isEqualTo(3);
        assertThat(patience.of(VIEW)).hasSeconds(2);
        patience.gaveWay(VIEW);
        assertThat(patience.of(VIEW)).hasSeconds(4);
        assertThat(patience.of(OTHER)).hasSeconds(1);
        for (int i = 0; i < 100; i++) {
            patience.gaveWay(VIEW);
        }
        assertThat(patience.of(VIEW)).hasSeconds(1 << 16);
        patience.reset(VIEW);
        assertThat(patience.of(VIEW)).hasSeconds(1);
    }

    @Test
    void withoutALimitNoViewGivesWay() {
        assertThat(new LockPatience(Optional.empty()).of(VIEW)).isGreaterThan(Duration.ofDays(300));
    }
}
