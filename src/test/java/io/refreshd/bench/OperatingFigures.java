package io.refreshd.bench;

import io.refreshd.bench.Load.Workload;
import io.refreshd.testing.Browser;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The cost of monitoring with a thousand views, by scrapes and the status page; and memory beside many commits. */
final class OperatingFigures {
    private static final int MANY = 1_000;
    private static final int SOME = 10;
    private static final int ROWS = 20_000;
    private static final int SCRAPES = 20;
    private static final int PAINTS = 5;

    private final BenchDatabase database;
    private final Options options;
    private final Map<String, Object> results;

    OperatingFigures(BenchDatabase database, Options options, Map<String, Object> results) {
        this.database = database;
        this.options = options;
        this.results = results;
    }

    void run() throws Exception {
        memory();
        watching();
    }

    private void memory() throws Exception {
        database.layOut(Layout.ofRoles(ROWS, SOME));
        database.reset();
        try (MeasuredDaemon daemon = MeasuredDaemon.start(database, "100ms", "1s")) {
            Thread.sleep(10_000);
            note("resident with " + SOME + " views, idle", megabytes(Procfs.residentMegabytes(daemon.pid())));
            try (Load load = new Load(database, Workload.parse("update-1000"), AfterWrite.NOTHING, options.seed())) {
                load.start();
                Thread.sleep(5_000L * options.seconds());
                load.stop();
                note(
                        "resident with " + SOME + " views, at peaks, after "
                                + String.format(Locale.ROOT, "%.0f", load.commitsPerSecond())
                                + " commits/s that concern half of them",
                        megabytes(Procfs.peakMegabytes(daemon.pid())));
            }
        }
    }

    private void watching() throws Exception {
        database.layOut(Layout.ofRoles(ROWS, MANY));
        database.reset();
        try (MeasuredDaemon daemon = MeasuredDaemon.start(database, "100ms", "1s")) {
            long begin = System.nanoTime();
            int bytes = daemon.get("/metrics");
            note(
                    "first scrape with " + MANY + " views",
                    "%.0f ms, %,d bytes",
                    (System.nanoTime() - begin) / 1e6,
                    bytes);
            List<Double> scrapes = new ArrayList<>();
            for (int i = 0; i < SCRAPES; i++) {
                begin = System.nanoTime();
                bytes = daemon.get("/metrics");
                scrapes.add((System.nanoTime() - begin) / 1e9);
            }
            note("later scrapes with " + MANY + " views, " + bytes + " bytes", Sample.of(scrapes));
            note("page with " + MANY + " views", "%,d bytes", daemon.get("/"));
            paint(daemon);
        }
    }

    private void paint(MeasuredDaemon daemon) throws Exception {
        List<Double> paints = new ArrayList<>();
        try (Browser browser = Browser.start()) {
            for (int i = 0; i < PAINTS; i++) {
                browser.open("http://127.0.0.1:" + daemon.port() + "/");
                String paint = "performance.getEntriesByName('first-contentful-paint')";
                Waiting.until(
                        "the page is painted",
                        () -> browser.evaluate(paint + ".length").equals("1"));
                paints.add(Double.parseDouble(browser.evaluate(paint + "[0].startTime")) / 1e3);
            }
        }
        note("first contentful paint with " + MANY + " views (headless Chromium)", Sample.of(paints));
    }

    private static String megabytes(double megabytes) {
        return String.format(Locale.ROOT, "%.0f MB", megabytes);
    }

    private void note(String name, String format, Object... values) {
        note(name, (Object) String.format(Locale.ROOT, format, values));
    }

    private void note(String name, Object value) {
        System.out.printf("operating: %s: %s%n", name, value instanceof Sample sample ? sample.millis() : value);
        results.put("operating: " + name, value);
    }
}
