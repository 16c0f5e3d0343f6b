package io.refreshd.demo;

import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The options of a demo.
 *
 * @param runFor the demo ends by itself after this long; empty: it runs until it is interrupted
 * @param rows rows in the table {@code main} at the start
 * @param commitsPerSecond of the workload
 * @param httpPort of the daemon's pages on the loopback interface; empty: any free one
 * @param seed of the random sequence of writes
 * @param incremental whether all views of a role are incremental; otherwise one is, beside the materialized ones
 */
public record DemoOptions(
        Optional<Duration> runFor,
        Screen screen,
        int rows,
        double commitsPerSecond,
        OptionalInt httpPort,
        long seed,
        boolean incremental) {
    public static final int DEFAULT_ROWS = 100_000;
    public static final double DEFAULT_COMMITS_PER_SECOND = 5;

    public DemoOptions {
        if (runFor.isPresent() && !runFor.get().isPositive()) {
            throw new IllegalArgumentException("the time to run is not positive: " + runFor.get());
        }
        if (rows < 1) {
            throw new IllegalArgumentException("rows must be at least 1: " + rows);
        }
        if (!(commitsPerSecond > 0 && commitsPerSecond <= 1000)) {
            throw new IllegalArgumentException(
                    "commits per second must be above 0 and at most 1000: " + commitsPerSecond);
        }
    }

    public static DemoOptions defaults(Screen screen) {
        return new DemoOptions(
                Optional.empty(), screen, DEFAULT_ROWS, DEFAULT_COMMITS_PER_SECOND, OptionalInt.empty(), 1, false);
    }

    public DemoOptions runFor(Duration time) {
        return new DemoOptions(Optional.of(time), screen, rows, commitsPerSecond, httpPort, seed, incremental);
    }

    /** The views that are incremental. */
    Set<ViewId> incrementalViews() {
        return incremental ? DemoSchema.OF_ROLES : Set.of(DemoSchema.ROLE_B);
    }
}
