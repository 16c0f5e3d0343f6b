package io.refreshd.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LogRestTest {
    private final LogRest rest = new LogRest();

    private void silence(int batches) {
        for (int i = 0; i < batches; i++) {
            rest.taken(true, true);
        }
    }

    @Test
    void theLogRestsWhenItHasBroughtNothingForTenBatches() {
        silence(9);
        assertThat(rest.isReached()).isFalse();
        silence(1);
        assertThat(rest.isReached()).isTrue();
        silence(1_000);
        rest.taken(false, true);
        assertThat(rest.isReached()).as("a change").isFalse();
        silence(9);
        assertThat(rest.isReached()).isFalse();
    }

    @Test
    void aTransactionThatIsNotVisibleYetKeepsItFromResting() {
        silence(10);
        rest.taken(true, false);
        assertThat(rest.isReached()).isFalse();
    }

    @Test
    void anotherStreamBegins() {
        silence(10);
        rest.end();
        assertThat(rest.isReached()).isFalse();
    }
}
