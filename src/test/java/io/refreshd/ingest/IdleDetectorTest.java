package io.refreshd.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class IdleDetectorTest {
    private final IdleDetector idle = new IdleDetector();

    private void silence(int batches) {
        for (int i = 0; i < batches; i++) {
            idle.taken(true, true);
        }
    }

    @Test
    void aDatabaseIsIdleWhenItsLogHasBroughtNothingForTenBatches() {
        silence(9);
        assertThat(idle.isIdle()).isFalse();
        silence(1);
        assertThat(idle.isIdle()).isTrue();
        silence(1_000);
        idle.taken(false, true);
        assertThat(idle.isIdle()).as("a change").isFalse();
        silence(9);
        assertThat(idle.isIdle()).isFalse();
    }

    @Test
    void itIsNotWhileATransactionIsNotVisibleYet() {
        silence(10);
        idle.taken(true, false);
        assertThat(idle.isIdle()).isFalse();
    }

    @Test
    void anotherStreamBegins() {
        silence(10);
        idle.reset();
        assertThat(idle.isIdle()).isFalse();
    }
}
