package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/**
 * Compares incremental views with their definitions after rounds on random schemas, joins and transactions.
 * {@code -Drefreshd.rounds=100000} runs longer, {@code -Drefreshd.seed} repeats a run.
 */
class IncrementalPropertyIT {
    @Test
    void afterEachRoundTheViewHoldsWhatItsDefinitionGaveAtTheSnapshot() throws Exception {
        long seed = Long.getLong("refreshd.seed", System.nanoTime());
        IncrementalRounds.Tally tally = IncrementalRounds.play(seed, Long.getLong("refreshd.rounds", 500), false);
        assertThat(tally.byKeys).isPositive();
        assertThat(tally.everything).isPositive();
        assertThat(tally.changed).isPositive();
        assertThat(tally.withLater).isPositive();
    }
}
