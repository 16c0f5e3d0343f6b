package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.VersionedServer;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares incremental views with their definitions after rounds on random schemas, queries and transactions.
 * {@code -Drefreshd.rounds=100000} runs longer, {@code -Drefreshd.seed} repeats a run, {@code -Drefreshd.versions=15,16,17,18} names the
 * major versions.
 */
class IncrementalPropertyIT {
    static IntStream versions() {
        return Arrays.stream(System.getProperty("refreshd.versions", "15,18").split(","))
                .mapToInt(Integer::parseInt);
    }

    @ParameterizedTest(name = "PostgreSQL {0}")
    @MethodSource("versions")
    void afterEachRoundTheViewHoldsWhatItsDefinitionGaveAtTheSnapshot(int version) throws Exception {
        long seed = Long.getLong("refreshd.seed", System.nanoTime());
        try (VersionedServer server = VersionedServer.start(version)) {
            IncrementalRounds.Tally tally =
                    IncrementalRounds.play(server::url, seed, Long.getLong("refreshd.rounds", 700), false);
            assertThat(tally.byKeys).isGreaterThan(tally.everything);
            assertThat(tally.ofGroups).isPositive();
            assertThat(tally.ofTotals).isPositive();
            assertThat(tally.everything).isPositive();
            assertThat(tally.changed).isPositive();
            assertThat(tally.withLater).isPositive();
            assertThat(tally.ofUniqueKeys).isPositive();
        }
    }
}
