package io.refreshd.bench;

import io.refreshd.bench.Load.Workload;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * The options of a run, from system properties {@code bench.…}. The defaults make the short run.
 *
 * @param parts {@code micro}: JMH; {@code figures}: figures of the daemon alone; {@code exact}: deciding by row; {@code
 *     roles}: role views and reading them; {@code operating}: scrapes, page and memory; {@code incremental}: incremental views; {@code notify}: a
 *     subscriber; {@code topics}: Debezium's topics as the source; {@code contenders}: the comparison
 * @param figures the figures of the daemon alone
 * @param rows sizes of the large table for the contenders; each is run with each number of views
 * @param seconds how long each round writes
 * @param probes number of timed changes for each latency of the daemon alone
 */
record Options(
        List<String> parts,
        List<String> figures,
        List<String> workloads,
        List<String> contenders,
        List<Integer> rows,
        List<Integer> views,
        int seconds,
        int repeats,
        int probes,
        long seed,
        Path report) {

    Options {
        check(
                "parts",
                parts,
                List.of(
                        "micro",
                        "figures",
                        "exact",
                        "roles",
                        "operating",
                        "incremental",
                        "notify",
                        "fleet",
                        "topics",
                        "contenders")::contains);
        check("figures", figures, Figures.ALL::contains);
        check("workloads", workloads, Workload::exists);
        check("contenders", contenders, Contenders::exists);
    }

    static Options fromProperties() {
        boolean full = Boolean.getBoolean("bench.full");
        return new Options(
                list(
                        "parts",
                        full
                                ? "micro,figures,exact,roles,operating,incremental,notify,fleet,topics,contenders"
                                : "micro,figures,incremental,contenders"),
                list(
                        "figures",
                        full ? String.join(",", Figures.ALL) : "latency-1000,latency-others,drain,small-drain,writers"),
                list(
                        "workloads",
                        full
                                ? "update-10,update-100,update-1000,update-max,note-max,insert-100,mixed-100,bulk"
                                : "update-100,update-max,note-max,mixed-100"),
                list(
                        "contenders",
                        full
                                ? String.join(",", Contenders.ALL)
                                // Without timer-10, because every round would have to wait for its next tick.
                                : "nothing,bare-reader,inline,timer-1,trigger,refreshd,incremental,pg_ivm"),
                numbers("rows", full ? "100000,1000000" : "50000"),
                numbers("views", full ? "1,10,100" : "10"),
                Integer.getInteger("bench.seconds", full ? 30 : 6),
                Integer.getInteger("bench.repeats", full ? 3 : 2),
                Integer.getInteger("bench.probes", 1_000),
                Long.getLong("bench.seed", 42L),
                Path.of(System.getProperty("bench.report", "target/bench")));
    }

    /** The interval of the slowest timer: it has ticked once more when a round ends. */
    int longestInterval() {
        return contenders.stream().mapToInt(Contenders::interval).max().orElse(1);
    }

    private static void check(String option, List<String> values, Predicate<String> known) {
        for (String value : values) {
            if (!known.test(value)) {
                throw new IllegalArgumentException("-Dbench." + option + ": there is no \"" + value
                        + "\"; docs/BENCHMARKS.md lists what there is");
            }
        }
    }

    private static List<String> list(String option, String otherwise) {
        return List.of(System.getProperty("bench." + option, otherwise).split(","));
    }

    private static List<Integer> numbers(String option, String otherwise) {
        return Arrays.stream(System.getProperty("bench." + option, otherwise).split(","))
                .map(Integer::valueOf)
                .toList();
    }
}
