package io.refreshd.bench;

import io.refreshd.bench.Load.Workload;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What is left to writers that use all of the processors, of a column that no view reads: beside nobody, beside a bare reader of
 * the slot, and beside the daemon. No view is refreshed, so that it is the price of capturing and deciding alone.
 */
final class WritersKept {
    private static final int ROWS = 50_000;
    private static final int VIEWS = 10;
    private static final int PRACTICE_SECONDS = 4;

    private final Stage stage;
    private final Options options;
    private final Map<String, Object> results;

    WritersKept(Stage stage, Options options, Map<String, Object> results) {
        this.stage = stage;
        this.options = options;
        this.results = results;
    }

    /** @param cpu seconds of the contender's own process, per second of writing */
    private record Kept(double commitsPerSecond, double cpu) {}

    void run() throws Exception {
        stage.layOut(ROWS, VIEWS);
        List<String> order = new ArrayList<>(List.of("nothing", "bare-reader", "refreshd"));
        for (int round = 1; round <= 2 * options.repeats(); round++) {
            Map<String, Kept> kept = new HashMap<>();
            for (String name : order) {
                stage.reset();
                try (Contender contender = Contenders.start(name, stage)) {
                    kept.put(name, write(contender));
                }
            }
            String text = text(kept.get("nothing"), kept.get("bare-reader"), kept.get("refreshd"));
            System.out.printf("writers as fast as they can: round %d: %s%n", round, text);
            results.put("writers as fast as they can: round " + round, text);
            // Whoever comes later in a round may find another machine: the two that are compared take turns.
            Collections.swap(order, 1, 2);
        }
    }

    private Kept write(Contender contender) throws Exception {
        contender.begin();
        try (Load practice = new Load(stage, Workload.parse("note-max"), AfterWrite.NOTHING, 1)) {
            practice.start();
            Thread.sleep(1_000L * PRACTICE_SECONDS);
        }
        double before = contender.cpuSeconds();
        try (Load load = new Load(stage, Workload.parse("note-max"), AfterWrite.NOTHING, options.seed())) {
            load.start();
            Thread.sleep(1_000L * options.seconds());
            double used = contender.cpuSeconds() - before;
            load.stop();
            return new Kept(load.commitsPerSecond(), used / options.seconds());
        }
    }

    private static String text(Kept nothing, Kept bare, Kept daemon) {
        return String.format(
                Locale.ROOT,
                "refreshd ÷ bare reader %.2f (commits/s: alone %,.0f, bare reader %,.0f, refreshd %,.0f;"
                        + " processors used: bare reader %.2f, refreshd %.2f)",
                daemon.commitsPerSecond() / bare.commitsPerSecond(),
                nothing.commitsPerSecond(),
                bare.commitsPerSecond(),
                daemon.commitsPerSecond(),
                bare.cpu(),
                daemon.cpu());
    }
}
