package io.refreshd.bench;

import io.refreshd.bench.Load.Workload;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** One round: one contender under one workload, from a fresh copy of the data to the comparison at the end. */
final class Round {
    /** Pause between two changes of the probe: short enough for quantiles, and too long to be a load. */
    private static final double PROBE_MILLIS = 50;
    /** Runs before each round, for caches and for the compiler of contenders with a process of their own. */
    private static final Workload WARM_UP = Workload.parse("update-100");

    private static final int BULK_ROWS = 300_000;
    private static final double AFTER_THE_LAST_TICK = 1;

    private final BenchDatabase database;
    private final Options options;
    private final Result.Plan plan;
    private final Workload workload;
    private final long seed;

    Round(BenchDatabase database, Options options, Result.Plan plan) {
        this.database = database;
        this.options = options;
        this.plan = plan;
        this.workload = Workload.parse(plan.workload());
        this.seed = options.seed() + plan.repeat();
    }

    /** The smallest number of rows that the workload needs. */
    static int rows(String workload, int wanted, int views) {
        return Workload.parse(workload).isBulk() ? Math.max(wanted, BULK_ROWS + 2 * views) : wanted;
    }

    /**
     * The measured time, the same for all contenders of a layout, since work after the last write counts too.
     *
     * <p>It lasts until the slowest timer has ticked once more, and then twice as long as a plain client needs for all
     * views, because several things run at once.
     */
    double windowSeconds() throws SQLException {
        int interval = options.longestInterval();
        double lastTick = (Math.floorDiv(options.seconds(), interval) + 1) * (double) interval;
        return lastTick + AFTER_THE_LAST_TICK + 2 * database.cycleSeconds();
    }

    Result run() throws Exception {
        double window = windowSeconds();
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        database.reset();
        try (Contender contender = Contenders.start(plan.contender(), database)) {
            write(WARM_UP, Math.min(2_000, 500L * options.seconds()));
            contender.begin();
            try (ResourceMonitor monitor = new ResourceMonitor(database)) {
                monitor.start();
                return measure(contender, monitor, window, load);
            }
        }
    }

    /** Runs what a round does first, without measuring it. */
    void warmUp() throws Exception {
        database.reset();
        write(Workload.parse("update-max"), 1_000L * options.seconds());
        database.refreshAll();
    }

    private void write(Workload workload, long millis) throws InterruptedException {
        try (Load load = new Load(database, workload, AfterWrite.NOTHING, seed)) {
            load.start();
            TimeUnit.MILLISECONDS.sleep(millis);
        }
    }

    private Result measure(Contender contender, ResourceMonitor monitor, double window, double machine)
            throws Exception {
        double cpu = database.cpuSeconds();
        long wal = database.wal();
        long began = System.nanoTime();
        try (LatencyProbe probe =
                        new LatencyProbe(database, contender.afterWrite(), seed, PROBE_MILLIS / 2, PROBE_MILLIS);
                Load load = new Load(database, workload, contender.afterWrite(), seed)) {
            probe.start();
            load.start();
            double bulk = workload.isBulk() ? bulk(contender) : Double.NaN;
            sleepUntil(began, options.seconds());
            load.stop();
            probe.stopWriting();
            sleepUntil(began, window);
            double seconds = (System.nanoTime() - began) / 1e9;
            double serverCpu = database.cpuSeconds() - cpu;
            double contenderCpu = contender.cpuSeconds();
            double written = database.wal() - wal;
            var refreshes = contender.refreshes();
            var avoided = contender.avoided();
            ResourceMonitor.Peaks peaks = monitor.peaks();
            double peak = contender.pid().isPresent()
                    ? Procfs.peakMegabytes(contender.pid().getAsLong())
                    : Double.NaN;
            List<LatencyProbe.Change> changes = contender.keepsFresh() ? probe.changes() : List.of();
            return new Result(
                    plan,
                    seconds,
                    Sample.of(changes.stream().map(LatencyProbe.Change::lag).toList()),
                    changes.stream()
                            .filter(change -> change.visible != 0)
                            .map(change -> new double[] {(change.committed - began) / 1e9, change.lag()})
                            .toList(),
                    workload.isBulk() ? Double.NaN : load.commitsPerSecond(),
                    workload.isBulk() ? Sample.of(List.of(bulk)) : load.latencies(),
                    refreshes,
                    avoided,
                    serverCpu,
                    contenderCpu,
                    written,
                    peak,
                    peaks,
                    contender.keepsFresh() ? wrong() : List.of(),
                    machine);
        }
    }

    private static void sleepUntil(long began, double seconds) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(began + (long) (seconds * 1e9) - System.nanoTime());
    }

    /** A view that is late at the end of the measured time gets more time before it counts as wrong. */
    private List<String> wrong() throws Exception {
        Waiting.until(
                "views equal their definitions", new SettleCondition(database, 2 + database.cycleSeconds())::isMet);
        return database.wrongViews();
    }

    /**
     * Changes most rows by one statement, and does what the contender does after a write.
     *
     * @return seconds
     */
    private double bulk(Contender contender) throws Exception {
        TimeUnit.MILLISECONDS.sleep(500);
        Set<Integer> roles = IntStream.range(0, database.roles()).boxed().collect(Collectors.toSet());
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            long begin = System.nanoTime();
            int changed = statement.executeUpdate("UPDATE main SET amount = amount + 1 WHERE id BETWEEN "
                    + (database.roles() + 1) + " AND " + (database.roles() + BULK_ROWS));
            if (changed != BULK_ROWS) {
                throw new IllegalStateException("the bulk update changed " + changed + " rows");
            }
            contender.afterWrite().written(connection, roles, Set.of("amount"));
            return (System.nanoTime() - begin) / 1e9;
        }
    }
}
