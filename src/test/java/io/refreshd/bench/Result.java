package io.refreshd.bench;

import java.util.List;
import java.util.Map;

/**
 * The result of one round.
 *
 * @param plan what was run
 * @param seconds the measured time: writing, and waiting for the views afterwards; all values but {@code wrong} are from it
 * @param lag seconds from commit to visible; infinite for changes that were not seen in the measured time
 * @param timeline for each change the second of its commit and its lag
 * @param latency of a commit as the writer sees it, with the work for the views; for the bulk update its duration
 * @param refreshes by view
 * @param avoided avoided refreshes by reason
 * @param serverCpu seconds of CPU of PostgreSQL, including the sessions of the writers
 * @param peak resident memory in megabytes; NaN without a process of its own
 * @param wrong views that differed from their definition at the end
 * @param load of the machine when the round began
 */
record Result(
        Plan plan,
        double seconds,
        Sample lag,
        List<double[]> timeline,
        double commitsPerSecond,
        Sample latency,
        Map<String, Refreshes.Count> refreshes,
        Map<String, Long> avoided,
        double serverCpu,
        double contenderCpu,
        double wal,
        double peak,
        ResourceMonitor.Peaks peaks,
        List<String> wrong,
        double load) {

    /** @param repeat counted from 1 */
    record Plan(String workload, String contender, int repeat, int rows, int views) {
        String title() {
            return "%s, %,d rows, %d role view%s".formatted(workload, rows, views, views == 1 ? "" : "s");
        }

        @Override
        public String toString() {
            return title() + ", " + contender + ", repeat " + repeat;
        }
    }

    Refreshes.Count allRefreshes() {
        return Refreshes.Count.sum(refreshes.values());
    }

    /** Of role views without the probed one, which changes all the time for the measurement alone. */
    Refreshes.Count roleRefreshes() {
        return Refreshes.Count.sum(refreshes.entrySet().stream()
                .filter(entry ->
                        entry.getKey().startsWith("role_") && !entry.getKey().equals(BenchDatabase.PROBED))
                .map(Map.Entry::getValue)
                .toList());
    }

    long unseen() {
        return lag.count() - timeline.size();
    }
}
