package io.refreshd.bench;

import java.util.List;
import java.util.Map;

/**
 * What one round showed.
 *
 * @param plan what was run
 * @param seconds of the window: writing, and waiting for views afterwards; every figure but {@code wrong} is of it
 * @param lag commit to visible; without end for changes that were not seen in the window
 * @param timeline when each change was committed, seconds from the beginning, and its lag
 * @param latency of a commit as the writer sees it, with what the writer does for the views; of the bulk update, its duration
 * @param refreshes by view
 * @param avoided refreshes that the contender knew to be without need, by reason
 * @param serverCpu seconds of PostgreSQL, with that of the writers' sessions
 * @param peak resident memory in megabytes; NaN for what is no process of its own
 * @param wrong views that did not equal their definition at the end
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

    /** @param repeat from 1 */
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

    /** Of role views but for the probed one, which is changed all the time for the measurement's own sake. */
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
