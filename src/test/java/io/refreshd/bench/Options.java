package io.refreshd.bench;

import java.nio.file.Path;
import java.util.List;

/**
 * What is run, from system properties {@code bench.…}; the defaults make the short run of a few minutes.
 *
 * @param parts {@code figures}: the daemon's own figures; {@code roles}: role views and reading them;
 *     {@code contenders}: side by side
 * @param seconds how long each round writes
 */
record Options(
        List<String> parts,
        List<String> workloads,
        List<String> contenders,
        int rows,
        int views,
        int seconds,
        int repeats,
        long seed,
        Path report) {

    static Options fromProperties() {
        boolean full = Boolean.getBoolean("bench.full");
        return new Options(
                list("bench.parts", "figures,roles,contenders"),
                list(
                        "bench.workloads",
                        full
                                ? "update-10,update-100,update-1000,update-max,insert-100,mixed-100,bulk"
                                : "update-100,update-max,mixed-100,bulk"),
                list("bench.contenders", "nothing,inline,timer-1,timer-10,trigger,refreshd,pg_ivm"),
                Integer.getInteger("bench.rows", full ? 1_000_000 : 50_000),
                Integer.getInteger("bench.views", full ? 10 : 5),
                Integer.getInteger("bench.seconds", full ? 30 : 6),
                Integer.getInteger("bench.repeats", full ? 3 : 1),
                Long.getLong("bench.seed", 42L),
                Path.of(System.getProperty("bench.report", "target/bench")));
    }

    private static List<String> list(String property, String otherwise) {
        return List.of(System.getProperty(property, otherwise).split(","));
    }
}
