package io.refreshd.bench;

import io.refreshd.bench.Load.Workload;
import io.refreshd.testing.Deployed;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** Figures of the daemon alone: latency beyond the configured quiet period, drain, memory, start. */
final class Figures {
    static final List<String> ALL = List.of(
            "latency-100",
            "latency-1000",
            "latency-others",
            "busy",
            "upkeep",
            "start",
            "demo",
            "drain",
            "small-drain",
            "views-drain",
            "writers");

    private static final double QUIET = 0.1;
    /**
     * The number of views that are changed in turn, so that most changes are visible before the next change of the same
     * view.
     */
    private static final int PROBED = 4;

    private static final int STARTS = 5;

    private final BenchDatabase database;
    private final Options options;
    private final Map<String, Object> results;

    Figures(BenchDatabase database, Options options, Map<String, Object> results) {
        this.database = database;
        this.options = options;
        this.results = results;
    }

    void run(String figure) throws Exception {
        if (figure.equals("writers")) {
            new WriterThroughput(database, options, results).ofAColumnThatNoViewReads();
            return;
        } else if (figure.equals("views-drain")) {
            new Drain(database, options, results).runWithManyViews();
            return;
        } else if (figure.endsWith("drain")) {
            new Drain(database, options, results).run(figure.startsWith("small"));
            return;
        }
        if (figure.startsWith("latency")) {
            database.layOut(Layout.ofRoles(20_000, 2 * PROBED));
        } else {
            database.layOut(Layout.mixed(10_000, 3));
        }
        switch (figure) {
            case "latency-100" -> latency("100 commits/s that concern no view", Workload.parse("note-100"));
            case "latency-1000" -> latency("1,000 commits/s that concern no view", Workload.parse("note-1000"));
            case "latency-others" ->
                latency("1,000 commits/s that concern 4 other views", Workload.parse("others-1000"));
            case "busy" -> busy();
            case "upkeep" -> new DaemonOverhead(database, options, results).run();
            case "start" -> footprint();
            case "demo" -> demo();
            default -> throw new IllegalArgumentException("no such figure: " + figure);
        }
    }

    /** The latency of single changes, each with a quiet period of its own, beside writes that affect no view. */
    private void latency(String beside, Workload passing) throws Exception {
        database.reset();
        String title = "commit to visible, one by one, beside " + beside;
        double refresh;
        try (Load load = new Load(database, passing, AfterWrite.NOTHING, options.seed())) {
            load.start();
            // Before the daemon starts, since its refresh would run at the same time, and one of the two would wait.
            refresh = bareRefresh();
        }
        try (MeasuredDaemon daemon = MeasuredDaemon.start(database, "100ms", "1s");
                Load load = new Load(database, passing, AfterWrite.NOTHING, options.seed())) {
            load.start();
            warmUp();
            double cpu = Procfs.cpuSeconds(daemon.pid());
            long begin = System.nanoTime();
            try (LatencyProbe probe = new LatencyProbe(database, AfterWrite.NOTHING, options.seed(), 45, 55, PROBED)) {
                probe.start();
                probe.awaitWritten(options.probes());
                probe.stopWriting();
                load.stop();
                note(title, "commits per second reached", String.format(Locale.ROOT, "%.0f", load.commitsPerSecond()));
                double wall = (System.nanoTime() - begin) / 1e9;
                double used = Procfs.cpuSeconds(daemon.pid()) - cpu;
                note(title, "CPU of the daemon", String.format(Locale.ROOT, "%.1f %% of a core", 100 * used / wall));
                probe.settle(10);
                note(title, "lag", probe.lags());
                note(title, "lag - quiet period - median bare REFRESH", minus(probe.lags(), QUIET + refresh));
                note(title, "lag - quiet period - duration of its own refresh", overOwn(probe));
            }
            note(title, "median bare REFRESH", String.format(Locale.ROOT, "%.1f ms", 1000 * refresh));
            note(title, "peak resident", String.format(Locale.ROOT, "%.0f MB", Procfs.peakMegabytes(daemon.pid())));
        }
    }

    /**
     * The latency when every commit affects the view and there is no quiet period. A change waits for the running refresh
     * and for its own.
     */
    private void busy() throws Exception {
        database.reset();
        String title = "commit to visible, 100 commits/s to the view, no quiet period";
        // Before the daemon starts, since its refresh would run at the same time, and one of the two would wait.
        double refresh = bareRefresh();
        try (MeasuredDaemon daemon = MeasuredDaemon.start(database, "0ms", "5s")) {
            warmUp();
            try (LatencyProbe probe = new LatencyProbe(database, AfterWrite.NOTHING, options.seed(), 9.5, 9.9)) {
                probe.start();
                Thread.sleep(2_000L * options.seconds());
                probe.stopWriting();
                probe.settle(10);
                note(title, "lag", probe.lags());
                note(title, "lag - median bare REFRESH", minus(probe.lags(), refresh));
            }
            note(title, "median bare REFRESH", String.format(Locale.ROOT, "%.1f ms", 1000 * refresh));
            note(title, "peak resident", String.format(Locale.ROOT, "%.0f MB", Procfs.peakMegabytes(daemon.pid())));
        }
    }

    /** Lets compilers and caches settle. */
    private void warmUp() throws Exception {
        try (LatencyProbe probe = new LatencyProbe(database, AfterWrite.NOTHING, 1, 150, 200)) {
            probe.start();
            Thread.sleep(5_000);
            probe.stopWriting();
            probe.settle(10);
        }
        database.execute("UPDATE main SET title = 'none' WHERE id = " + BenchDatabase.PROBE_ROW);
        Waiting.until(
                "the probe's row is back",
                () -> database.query(
                                "SELECT title FROM " + BenchDatabase.PROBED + " WHERE id = " + BenchDatabase.PROBE_ROW)
                        .equals(List.of("none")));
    }

    /** Seconds of one REFRESH by a plain client after a change of one row. */
    private double bareRefresh() throws Exception {
        List<Double> seconds = new ArrayList<>();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SET jit = off");
            for (int i = 0; i < 21; i++) {
                statement.execute("UPDATE main SET amount = amount + 1 WHERE id = " + BenchDatabase.PROBE_ROW);
                long begin = System.nanoTime();
                statement.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY " + BenchDatabase.PROBED);
                seconds.add((System.nanoTime() - begin) / 1e9);
            }
        }
        return Sample.of(seconds).median();
    }

    private static Sample minus(Sample sample, double seconds) {
        double[] shifted = new double[sample.count()];
        for (int i = 0; i < shifted.length; i++) {
            shifted[i] = sample.sorted()[i] - seconds;
        }
        return new Sample(shifted);
    }

    /**
     * The latency less the duration of the refresh. The refresh of a change is the last one of its view in the history of
     * the ledger that ended before the change was seen.
     */
    private Sample overOwn(LatencyProbe probe) throws Exception {
        long nanos = System.nanoTime();
        double wall = System.currentTimeMillis() / 1e3;
        Map<String, NavigableMap<Double, Double>> durations = new HashMap<>();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("""
                        SELECT view_name, extract(epoch FROM finished_at)::float8, extract(epoch FROM duration)::float8
                        FROM refreshd.refresh_history WHERE outcome = 'refreshed'""")) {
            while (rows.next()) {
                durations
                        .computeIfAbsent(rows.getString(1), view -> new TreeMap<>())
                        .put(rows.getDouble(2), rows.getDouble(3));
            }
        }
        List<Double> over = new ArrayList<>();
        for (LatencyProbe.Change change : probe.changes()) {
            if (change.visible == 0) {
                over.add(Double.POSITIVE_INFINITY);
                continue;
            }
            double seen = wall - (nanos - change.visible) / 1e9;
            Map.Entry<Double, Double> refresh = durations
                    .getOrDefault("role_" + change.role, new TreeMap<>())
                    .floorEntry(seen);
            if (refresh != null) {
                over.add(change.lag() - QUIET - refresh.getValue());
            }
        }
        return Sample.of(over);
    }

    private void footprint() throws Exception {
        database.reset();
        List<Double> ready = new ArrayList<>();
        double resident = 0;
        double first = 0;
        for (int i = 0; i <= STARTS; i++) {
            try (MeasuredDaemon daemon = MeasuredDaemon.start(database, "100ms", "5s")) {
                if (i == 0) {
                    first = daemon.readySeconds();
                } else {
                    ready.add(daemon.readySeconds());
                }
                resident = Procfs.residentMegabytes(daemon.pid());
            }
        }
        Sample sample = Sample.of(ready);
        note("start", "ready after the first start", String.format(Locale.ROOT, "%.2f s", first));
        note(
                "start",
                "ready after a later start",
                String.format(
                        Locale.ROOT,
                        "median %.2f s, %.2f to %.2f s (n = %d)",
                        sample.median(),
                        sample.min(),
                        sample.max(),
                        sample.count()));
        note("start", "resident when ready", String.format(Locale.ROOT, "%.0f MB", resident));
    }

    /** Memory of the process of the demo, which holds daemon, writers and display. The server is another process. */
    private void demo() throws Exception {
        Path log = Files.createDirectories(Path.of("target", "bench")).resolve("demo.log");
        Process demo = Deployed.asInstalled("demo", "--for", "20s")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        List<Double> resident = new ArrayList<>();
        while (!demo.waitFor(200, TimeUnit.MILLISECONDS)) {
            try {
                resident.add(Procfs.residentMegabytes(demo.pid()));
            } catch (UncheckedIOException e) {
                break; // The process has ended in the meantime.
            }
        }
        if (demo.waitFor() != 0) {
            throw new IllegalStateException("the demo failed, see " + log);
        }
        resident.removeIf(value -> value.isNaN());
        Sample sample = Sample.of(resident);
        note(
                "demo",
                "resident, its own process",
                String.format(Locale.ROOT, "median %.0f MB, at most %.0f MB", sample.median(), sample.max()));
    }

    private void note(String group, String name, Object value) {
        String text = value instanceof Sample sample ? sample.millis() : value.toString();
        System.out.printf("%s: %s: %s%n", group, name, text);
        results.put(group + ": " + name, value);
    }
}
