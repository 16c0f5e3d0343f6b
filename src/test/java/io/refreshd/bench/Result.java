package io.refreshd.bench;

import java.util.List;

/**
 * What one round showed.
 *
 * @param lag commit to visible; of the changes that were seen within the round and ten seconds after it
 * @param unseen changes of the probe that were not
 * @param timeline when each change was committed, seconds from the beginning, and its lag
 * @param latency of a commit as the writer sees it, with what the writer does for the views
 * @param serverCpu seconds of PostgreSQL, with that of the writers' sessions
 * @param peak resident memory in megabytes; NaN for what is no process of its own
 * @param retained most bytes of log that the slot held back; NaN without a slot
 * @param wrong views that did not equal their definition at the end
 */
record Result(
        String workload,
        String contender,
        int repeat,
        Sample lag,
        int unseen,
        List<double[]> timeline,
        double commitsPerSecond,
        Sample latency,
        Refreshes.Count refreshes,
        double serverCpu,
        double contenderCpu,
        double wal,
        double peak,
        double retained,
        List<String> wrong) {}
