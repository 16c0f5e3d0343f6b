package io.refreshd.bench;

import io.refreshd.bench.Load.Workload;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** One contender, one workload, from a fresh copy of the data to the comparison at the end. */
final class Round {
    private static final double SETTLE_SECONDS = 12;
    /** Between two changes of the probe: often enough for quantiles, too seldom to be a load. */
    private static final double PROBE_MILLIS = 50;

    private Round() {}

    /** @return empty: this server cannot do it */
    static Optional<Contender> contender(String name, Stage stage) throws Exception {
        return switch (name) {
            case "nothing" -> Optional.of(InProcess.nothing(stage));
            case "inline" -> Optional.of(InProcess.inline(stage));
            case "timer-1" -> Optional.of(InProcess.timer(stage, 1));
            case "timer-10" -> Optional.of(InProcess.timer(stage, 10));
            case "trigger" -> Optional.of(InProcess.trigger(stage));
            case "refreshd" -> Optional.of(RefreshdContender.start(stage));
            // Not implemented either: no server that is at hand offers it.
            case "pg_ivm" -> Optional.empty();
            default -> throw new IllegalArgumentException("no such contender: " + name);
        };
    }

    static Optional<Result> run(Stage stage, Options options, String workload, String name, int repeat)
            throws Exception {
        stage.reset();
        Optional<Contender> found = contender(name, stage);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        long seed = options.seed() + repeat;
        Workload parsed = Workload.parse(workload);
        try (Contender contender = found.get();
                Retention retention = new Retention(stage)) {
            retention.start();
            double cpu = stage.cpuSeconds();
            long wal = stage.wal();
            long began = System.nanoTime();
            try (Probe probe = new Probe(stage, contender.afterWrite(), seed, PROBE_MILLIS / 2, PROBE_MILLIS);
                    Load load = new Load(stage, parsed, contender.afterWrite(), seed)) {
                probe.start();
                load.start();
                if (parsed.kind().equals("bulk")) {
                    bulk(stage, contender);
                }
                TimeUnit.NANOSECONDS.sleep(began + TimeUnit.SECONDS.toNanos(options.seconds()) - System.nanoTime());
                load.stop();
                probe.stopWriting();
                boolean settled = !name.equals("nothing") && probe.settle(SETTLE_SECONDS);
                if (settled) {
                    // Of the other views nothing is polled: those that are behind now get as long as the slowest of
                    // all.
                    Waiting.until("views equal their definitions", new Patience(stage, SETTLE_SECONDS)::over);
                }
                double serverCpu = stage.cpuSeconds() - cpu;
                double contenderCpu = contender.cpuSeconds();
                double written = stage.wal() - wal;
                Refreshes.Count count = contender.count();
                List<Probe.Mark> marks = probe.marks();
                return Optional.of(new Result(
                        workload,
                        name,
                        repeat,
                        probe.lags(),
                        (int) marks.stream().filter(mark -> mark.visible == 0).count(),
                        marks.stream()
                                .filter(mark -> mark.visible != 0)
                                .map(mark -> new double[] {(mark.committed - began) / 1e9, mark.lag()})
                                .toList(),
                        load.commitsPerSecond(),
                        load.latencies(),
                        count,
                        serverCpu,
                        contenderCpu,
                        written,
                        contender.pid().isPresent()
                                ? Procfs.peakMegabytes(contender.pid().getAsLong())
                                : Double.NaN,
                        retention.most(),
                        name.equals("nothing") ? List.of() : stage.wrongViews()));
            }
        }
    }

    /** One statement changes most rows; who refreshes inline refreshes all views after it. */
    private static void bulk(Stage stage, Contender contender) throws Exception {
        TimeUnit.SECONDS.sleep(1);
        try (var connection = stage.connect();
                var statement = connection.createStatement()) {
            statement.execute("UPDATE main SET amount = amount + 1 WHERE id BETWEEN " + (stage.roles() + 1) + " AND "
                    + Math.min(stage.rows(), 300_000 + stage.roles()));
            for (int role = 0; role < stage.views(); role++) {
                contender.afterWrite().written(connection, role, true);
            }
        }
    }
}
