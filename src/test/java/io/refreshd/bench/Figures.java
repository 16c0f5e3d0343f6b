package io.refreshd.bench;

import io.refreshd.bench.Load.Workload;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** The daemon's own figures: latency over what was asked for, drain, memory, start. */
final class Figures {
    private static final double QUIET = 0.1;
    private static final int DRAINED_ROWS = 300_000;
    private static final int STARTS = 5;

    private final Stage stage;
    private final Options options;
    private final Map<String, Object> results = new LinkedHashMap<>();

    Figures(Stage stage, Options options) {
        this.stage = stage;
        this.options = options;
    }

    Map<String, Object> run(List<String> which) throws Exception {
        if (which.contains("scheduler")) {
            SchedulerRate.run(results);
        }
        stage.layOut(10_000, 3);
        if (which.contains("latency")) {
            latency(100);
            latency(1_000);
        }
        if (which.contains("busy")) {
            busy();
        }
        if (which.contains("upkeep")) {
            new Upkeep(stage, options, results).run();
        }
        if (which.contains("start")) {
            footprint();
        }
        if (which.contains("demo")) {
            demo();
        }
        if (which.contains("drain")) {
            stage.layOut(DRAINED_ROWS, 3);
            for (int round = 1; round <= Math.max(3, options.repeats()); round++) {
                drain(round);
            }
        }
        return results;
    }

    /** Changes that come one by one, so that each waits for its own quiet period, while others pass that concern no view. */
    private void latency(int commitsPerSecond) throws Exception {
        stage.reset();
        String title = "commit to visible, one by one, at " + commitsPerSecond + " commits/s";
        Workload passing = new Workload("note", commitsPerSecond);
        double refresh;
        try (Load load = new Load(stage, passing, AfterWrite.NOTHING, options.seed())) {
            load.start();
            // Before the daemon is there: it would refresh at the same time, and one of the two would wait.
            refresh = bareRefresh();
        }
        try (Load load = new Load(stage, passing, AfterWrite.NOTHING, options.seed());
                DaemonProcess daemon = DaemonProcess.start(stage, "100ms", "5s")) {
            load.start();
            warmUp();
            double cpu = Procfs.cpuSeconds(daemon.pid());
            long begin = System.nanoTime();
            try (Probe probe = new Probe(stage, AfterWrite.NOTHING, options.seed(), 250, 325)) {
                probe.start();
                Thread.sleep(5_000L * options.seconds());
                probe.stopWriting();
                probe.settle(10);
                note(title, "lag", probe.lags());
                note(title, "lag - quiet period - median bare REFRESH", minus(probe.lags(), QUIET + refresh));
                note(title, "lag - quiet period - duration of its own refresh", overOwn(probe));
            }
            double wall = (System.nanoTime() - begin) / 1e9;
            note(title, "median bare REFRESH", String.format(Locale.ROOT, "%.1f ms", 1000 * refresh));
            note(
                    title,
                    "CPU of the daemon",
                    String.format(
                            Locale.ROOT, "%.1f %% of a core", 100 * (Procfs.cpuSeconds(daemon.pid()) - cpu) / wall));
            note(title, "peak resident", String.format(Locale.ROOT, "%.0f MB", Procfs.peakMegabytes(daemon.pid())));
        }
    }

    /** Every commit concerns the view, and no quiet period: a change waits for the refresh before and for its own. */
    private void busy() throws Exception {
        stage.reset();
        String title = "commit to visible, 100 commits/s to the view, no quiet period";
        // Before the daemon is there: it would refresh at the same time, and one of the two would wait.
        double refresh = bareRefresh();
        try (DaemonProcess daemon = DaemonProcess.start(stage, "0ms", "5s")) {
            warmUp();
            try (Probe probe = new Probe(stage, AfterWrite.NOTHING, options.seed(), 9.5, 9.9)) {
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

    /** Compilers and caches have settled. */
    private void warmUp() throws Exception {
        try (Probe probe = new Probe(stage, AfterWrite.NOTHING, 1, 150, 200)) {
            probe.start();
            Thread.sleep(5_000);
            probe.stopWriting();
            probe.settle(10);
        }
        stage.execute("UPDATE main SET title = 'none' WHERE id = " + Stage.PROBE_ROW);
        Waiting.until(
                "the probe's row is back",
                () -> stage.query("SELECT title FROM " + Stage.PROBED + " WHERE id = " + Stage.PROBE_ROW)
                        .equals(List.of("none")));
    }

    /** Seconds of one REFRESH after a change of one row, as a plain client sees it. */
    private double bareRefresh() throws Exception {
        List<Double> seconds = new ArrayList<>();
        try (Connection connection = stage.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SET jit = off");
            for (int i = 0; i < 21; i++) {
                statement.execute("UPDATE main SET amount = amount + 1 WHERE id = " + Stage.PROBE_ROW);
                long begin = System.nanoTime();
                statement.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY " + Stage.PROBED);
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

    /** By the ledger's history: the refresh that ended last before the change was seen. */
    private Sample overOwn(Probe probe) throws Exception {
        long nanos = System.nanoTime();
        double wall = System.currentTimeMillis() / 1e3;
        NavigableMap<Double, Double> durations = new TreeMap<>();
        try (Connection connection = stage.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("""
                        SELECT extract(epoch FROM finished_at)::float8, extract(epoch FROM duration)::float8
                        FROM refreshd.refresh_history WHERE view_name = '%s'""".formatted(Stage.PROBED))) {
            while (rows.next()) {
                durations.put(rows.getDouble(1), rows.getDouble(2));
            }
        }
        List<Double> over = new ArrayList<>();
        for (Probe.Mark mark : probe.marks()) {
            if (mark.visible != 0) {
                double seen = wall - (nanos - mark.visible) / 1e9;
                Map.Entry<Double, Double> refresh = durations.floorEntry(seen);
                if (refresh != null) {
                    over.add(mark.lag() - QUIET - refresh.getValue());
                }
            }
        }
        return Sample.of(over);
    }

    private void footprint() throws Exception {
        stage.reset();
        List<Double> ready = new ArrayList<>();
        double resident = 0;
        double first = 0;
        for (int i = 0; i <= STARTS; i++) {
            try (DaemonProcess daemon = DaemonProcess.start(stage, "100ms", "5s")) {
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

    /** The demo's own process holds the daemon, the writers and the screen; its server is a process of its own. */
    private void demo() throws Exception {
        Path log = Files.createDirectories(Path.of("target", "bench")).resolve("demo.log");
        Process demo = new ProcessBuilder(Path.of("refreshd").toAbsolutePath().toString(), "demo", "--for", "20s")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        List<Double> resident = new ArrayList<>();
        while (!demo.waitFor(200, TimeUnit.MILLISECONDS)) {
            try {
                resident.add(Procfs.residentMegabytes(demo.pid()));
            } catch (UncheckedIOException e) {
                break; // It has ended since it was asked.
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

    /** One transaction of 300,000 updates, written while the daemon is away; a bare reader drains a slot of its own. */
    private void drain(int round) throws Exception {
        stage.reset();
        String dirty = "SELECT count(*) FROM refreshd.view_state WHERE marked > covered";
        try (DaemonProcess first = DaemonProcess.start(stage, "100ms", "5s")) {
            // Ready is not yet clean; a mark from before would be taken for the one that is waited for.
            Waiting.until(
                    "the views of " + first.pid() + " are fresh",
                    () -> stage.query(dirty).equals(List.of("0")));
        }
        stage.execute("SELECT pg_create_logical_replication_slot('bare', 'pgoutput')");
        stage.execute("UPDATE main SET title = title || '!', amount = amount + 1");
        boolean bareFirst = round % 2 == 1;
        double bare = bareFirst ? BareReader.drain(stage.url(), "bare", "refreshd") : 0;
        String history = "SELECT coalesce(max(id), 0) FROM refreshd.refresh_history";
        String before = stage.query(history).getFirst();
        String newest =
                stage.query("SELECT max(marked) FROM refreshd.view_state").getFirst();
        String marks = "SELECT max(marked) FROM refreshd.view_state WHERE marked > greatest(covered, " + newest + ")";
        if (!stage.query(dirty).equals(List.of("0"))) {
            throw new IllegalStateException("a view was dirty before the drain began: nothing was measured");
        }
        double seconds;
        double peak;
        String counts;
        try (Connection connection = stage.connect();
                Statement statement = connection.createStatement();
                DrainClock clock = new DrainClock(stage, marks)) {
            clock.start();
            try (DaemonProcess daemon = DaemonProcess.start(stage, "100ms", "5s")) {
                seconds = clock.seconds();
                Waiting.until("views are fresh", () -> {
                    try (ResultSet row = statement.executeQuery(dirty)) {
                        row.next();
                        return row.getInt(1) == 0;
                    }
                });
                Thread.sleep(1_000);
                peak = Procfs.peakMegabytes(daemon.pid());
            }
            counts = stage.query("""
                            SELECT string_agg(view_name || ' ' || n, ', ' ORDER BY view_name)
                            FROM (SELECT view_name, count(*) AS n FROM refreshd.refresh_history
                                  WHERE id > %s GROUP BY view_name) t""".formatted(before)).getFirst();
        }
        if (!bareFirst) {
            bare = BareReader.drain(stage.url(), "bare", "refreshd");
        }
        double drained = DRAINED_ROWS / seconds;
        note(
                "drain after an update of 300,000 rows, -Xmx128m",
                "round " + round,
                String.format(
                        Locale.ROOT,
                        "ratio %.2f (bare reader %,.0f changes/s, daemon %,.0f changes/s until the mark is durable);"
                                + " peak resident %.0f MB; refreshes: %s",
                        drained / bare,
                        bare,
                        drained,
                        peak,
                        counts));
    }

    private void note(String group, String name, Object value) {
        String text = value instanceof Sample sample ? sample.millis() : value.toString();
        System.out.printf("%s: %s: %s%n", group, name, text);
        results.put(group + ": " + name, value);
    }
}
