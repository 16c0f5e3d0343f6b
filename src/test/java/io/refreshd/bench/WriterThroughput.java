package io.refreshd.bench;

import io.refreshd.bench.Load.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The throughput of writers at full speed beside a bare reader of the slot and beside the daemon.
 *
 * <p>The speed of such writers differs by a third from one second to the next. So both contenders exist all the time, each
 * with a database of its own, and take turns second by second. The one that is not running is suspended together with its
 * walsender.
 */
final class WriterThroughput {
    private static final int WARM_UP_SECONDS = 5;
    private static final int PAIRS_PER_REPEAT = 30;

    private static final String BESIDE_A_WALSENDER =
            "; each beside the other's walsender, which is not suspended on a server that was given";

    private final BenchDatabase database;
    private final Options options;
    private final Map<String, Object> results;

    WriterThroughput(BenchDatabase database, Options options, Map<String, Object> results) {
        this.database = database;
        this.options = options;
        this.results = results;
    }

    /**
     * They write a column that no view reads, so no view is refreshed: the difference is the price of capturing and deciding.
     */
    void ofAColumnThatNoViewReads() throws Exception {
        run("writers as fast as they can", Layout.mixed(50_000, 10), Workload.parse("note-max"), "refreshd");
    }

    /** @return what writers keep beside the contender of what the bare reader leaves them */
    Kept run(String title, Layout layout, Workload workload, String contender) throws Exception {
        return run(title, layout, workload, "bare-reader", contender);
    }

    /** @return what writers keep beside the contender of what the other one leaves them */
    Kept run(String title, Layout layout, Workload workload, String base, String contender) throws Exception {
        database.layOut(layout);
        database.makeRoomInPages();
        try (BenchDatabase beside = database.beside();
                SuspendedContender bare = new SuspendedContender(base, database, workload);
                SuspendedContender daemon = new SuspendedContender(contender, beside, workload)) {
            bare.warmUp(WARM_UP_SECONDS);
            daemon.warmUp(WARM_UP_SECONDS);
            for (int pair = 0; pair < PAIRS_PER_REPEAT * options.repeats(); pair++) {
                for (SuspendedContender next : pair % 2 == 0 ? List.of(bare, daemon) : List.of(daemon, bare)) {
                    next.measureSecond(options.seed() + pair);
                }
            }
            Kept kept = Kept.of(bare.commitsPerSecond(), daemon.commitsPerSecond());
            String text = text(shown(base), shown(contender), kept, bare, daemon)
                    + (database.server().given() ? BESIDE_A_WALSENDER : "");
            System.out.println(title + ": " + text);
            results.put(title, text);
            return kept;
        }
    }

    /** The geometric mean of a ratio of pairs. */
    record Kept(double mean, double standardError, double median, int pairs) {
        static Kept of(List<Double> base, List<Double> other) {
            List<Double> ratios = new ArrayList<>();
            for (int i = 0; i < base.size(); i++) {
                ratios.add(other.get(i) / base.get(i));
            }
            double mean = ratios.stream().mapToDouble(Math::log).average().orElseThrow();
            double squares = ratios.stream()
                    .mapToDouble(ratio -> Math.pow(Math.log(ratio) - mean, 2))
                    .sum();
            int pairs = ratios.size();
            return new Kept(
                    Math.exp(mean),
                    Math.exp(mean) * Math.sqrt(squares / (pairs - 1) / pairs),
                    Sample.of(ratios).median(),
                    pairs);
        }

        String cell() {
            return String.format(Locale.ROOT, "%.3f, standard error %.3f", mean, standardError);
        }
    }

    private static String shown(String contender) {
        return switch (contender) {
            case "bare-reader" -> "bare reader";
            case "refreshd", "incremental" -> "refreshd";
            case Contenders.INCREMENTAL_NOTIFY -> "refreshd with a subscriber";
            default -> contender;
        };
    }

    private static String text(
            String base, String name, Kept kept, SuspendedContender bare, SuspendedContender contender) {
        return String.format(
                Locale.ROOT,
                "%1$s ÷ %10$s: geometric mean %2$.3f, its standard error %3$.3f, median %4$.3f, of %5$d pairs of seconds"
                        + " (commits/s: %10$s %6$,.0f, %1$s %7$,.0f; processors used: %10$s %8$.2f, %1$s %9$.2f)",
                name,
                kept.mean(),
                kept.standardError(),
                kept.median(),
                kept.pairs(),
                bare.mean(),
                contender.mean(),
                bare.processors(),
                contender.processors(),
                base);
    }
}
