package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Many seeds each time, new ones in each run; one that failed is tried again with {@code -Drefreshd.seed=…}. */
class SchedulerSimulationTest {
    private static final int SEEDS = Integer.getInteger("refreshd.seeds", 25);
    private static final int STEPS = 4_000;

    /** They have failed before; the first three when no view was asked what it shows. */
    private static final long[] KEPT = {-1841354963, -1752878046, -1434855776, -1609022233};

    @Test
    void keepsItsPromisesWhateverHappens() {
        Long given = Long.getLong("refreshd.seed");
        long first = RandomGenerator.getDefault().nextInt();
        long[] seeds = given != null
                ? new long[] {given}
                : LongStream.concat(LongStream.of(KEPT), LongStream.range(first, first + SEEDS))
                        .toArray();
        int unchanged = 0;
        int skipped = 0;
        for (long seed : seeds) {
            Simulation simulation = run(seed, true);
            unchanged += simulation.unchanged;
            skipped += simulation.skipped;
        }
        for (long seed : given == null ? KEPT : seeds) {
            run(seed, false);
        }
        // One seed need not meet everything, and may be meant for another test, such as the fault campaign.
        if (given == null) {
            assertThat(unchanged).as("views found unchanged by a look-up").isPositive();
            assertThat(skipped).as("views that were asked and left alone").isPositive();
        }
    }

    private static Simulation run(long seed, boolean viewsAreAsked) {
        Simulation simulation = new Simulation(seed, viewsAreAsked);
        try {
            simulation.run(STEPS);
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(
                    "step " + simulation.steps + "; run it again with -Drefreshd.seed=" + seed + ": " + e.getMessage(),
                    e);
        }
        return simulation;
    }
}
