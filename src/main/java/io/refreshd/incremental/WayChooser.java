package io.refreshd.incremental;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Chooses for one view between recomputing keys and recomputing everything, by what each is expected to take. Pure.
 *
 * <p>What keys take is known by their number, in powers of two, from earlier rounds. Where no round has been yet, the planner's costs say
 * which part of everything it is. In between it is interpolated, and beyond what is known each further key adds a default.
 *
 * <p>Beside busy writers everything takes several times as long, keys as well as the whole. So what the whole took is not compared with
 * what keys take later, under another load. It is noted how many keys would have taken as long just then, and the choice is by number.
 * If nothing was known of keys then, the seconds are compared, and everything is recomputed only if it seems far cheaper: a round of keys
 * leaves the other views in peace, and the planner or the next rounds will tell.
 *
 * <p>A history that is wrong mends itself: when rounds have spent many times what the other way took last, the other way is tried. So
 * trials take a small part of the time. Rounds that are far cheaper than the other way do not count, since no trial could pay.
 *
 * <p>Thread: the rounds of one view follow each other.
 */
public final class WayChooser {
    /** More keys than this are neither looked up nor written into a statement. */
    public static final int MOST_KEYS = 100_000;

    private static final double DEFAULT_SECONDS_PER_KEY = 0.0001;
    private static final double NEWEST = 0.5;
    private static final int TIMES_UNTIL_TRIAL = 50;

    /** Writers at full speed slow a statement down by about so much. */
    private static final double LOAD = 4;

    private final NavigableMap<Integer, Double> byKeys = new TreeMap<>();
    /** The planner's costs of so many keys, as parts of that of everything. */
    private final Map<Integer, Double> planned = new HashMap<>();

    private double everything = Double.NaN;
    /** How many keys would have taken as long as everything when it was last recomputed; NaN: not known. */
    private double worthKeys = Double.NaN;

    /** Seconds spent in the one way since the other one was last measured. */
    private double spentInKeys;

    private double spentInEverything;

    /** @param keys how many would have to be recomputed @return why everything is recomputed instead; empty if it is not */
    public Optional<String> everythingInstead(long keys) {
        if (keys > MOST_KEYS) {
            return Optional.of("more than " + MOST_KEYS + " keys changed");
        }
        if (Double.isNaN(everything) || keys == 0) {
            return Optional.empty();
        }
        double expected = expected(keys);
        if (isDearerThanEverything(keys, expected)) {
            return spentInEverything > TIMES_UNTIL_TRIAL * expected
                    ? Optional.empty()
                    : Optional.of("%d keys would take about %s, everything about %s"
                            .formatted(keys, inWords(expected), inWords(everything)));
        }
        return spentInKeys > TIMES_UNTIL_TRIAL * everything
                ? Optional.of("to see what it takes now; last time it was " + inWords(everything))
                : Optional.empty();
    }

    /** The same while the planner can still be asked: what no round and no plan has told yet is no reason. */
    public Optional<String> everythingAtOnce(long keys) {
        return keys > MOST_KEYS || isKnown(keys) ? everythingInstead(keys) : Optional.empty();
    }

    private boolean isDearerThanEverything(long keys, double expected) {
        if (!byKeys.containsKey(power(keys)) && planned.containsKey(power(keys))) {
            return expected > everything;
        }
        return Double.isNaN(worthKeys) ? expected > LOAD * everything : keys > worthKeys;
    }

    /** The number of keys that are expected to take so many seconds; NaN if nothing was measured. */
    private double keysWithin(double seconds) {
        if (byKeys.isEmpty()) {
            return Double.NaN;
        }
        long fewer = 0;
        long more = MOST_KEYS;
        while (more - fewer > 1) {
            long middle = (fewer + more) / 2;
            if (expected(middle) <= seconds) {
                fewer = middle;
            } else {
                more = middle;
            }
        }
        return fewer;
    }

    /** The planner's costs of recomputing some keys and everything. */
    public void planned(double costOfKeys, long keys, double costOfEverything) {
        planned.put(power(keys), costOfKeys / costOfEverything);
    }

    /** Whether no plan need be looked at for so many keys. */
    public boolean isKnown(long keys) {
        return byKeys.containsKey(power(keys)) || planned.containsKey(power(keys));
    }

    /** What recomputing everything has taken lately; empty if it was not done yet. */
    public Optional<Duration> everythingTook() {
        return Double.isNaN(everything) ? Optional.empty() : Optional.of(Duration.ofNanos((long) (everything * 1e9)));
    }

    public void took(Way way, Duration duration) {
        double seconds = duration.toNanos() / 1e9;
        switch (way) {
            case Way.Everything all -> {
                everything = smoothed(everything, seconds);
                worthKeys = keysWithin(everything);
                spentInEverything += seconds;
                spentInKeys = 0;
            }
            case Way.Keys some -> {
                if (some.keys().isEmpty()) {
                    return;
                }
                byKeys.merge(power(some.keys().size()), seconds / some.keys().size(), WayChooser::smoothed);
                if (!Double.isNaN(worthKeys)) {
                    // Keys have become cheaper, or the load has gone: what errs towards keys is found out by a trial.
                    worthKeys = Math.max(worthKeys, keysWithin(everything));
                }
                if (seconds * TIMES_UNTIL_TRIAL > everything) {
                    spentInKeys += seconds;
                }
                spentInEverything = 0;
            }
        }
    }

    private static double smoothed(double before, double now) {
        return Double.isNaN(before) ? now : before + NEWEST * (now - before);
    }

    private static int power(long keys) {
        return Long.SIZE - 1 - Long.numberOfLeadingZeros(keys);
    }

    /** Seconds that so many keys are expected to take. */
    double expected(long keys) {
        Double known = byKeys.get(power(keys));
        if (known != null) {
            return known * keys;
        }
        Double part = planned.get(power(keys));
        if (part != null && !Double.isNaN(everything)) {
            return part * everything;
        }
        Map.Entry<Integer, Double> fewer = byKeys.lowerEntry(power(keys));
        Map.Entry<Integer, Double> more = byKeys.higherEntry(power(keys));
        if (fewer == null) {
            double assumed = DEFAULT_SECONDS_PER_KEY * keys;
            return more == null ? assumed : Math.min(more.getValue() * number(more), assumed);
        }
        double secondsOfFewer = fewer.getValue() * number(fewer);
        if (more == null) {
            return secondsOfFewer + DEFAULT_SECONDS_PER_KEY * (keys - number(fewer));
        }
        double between = (keys - number(fewer)) / (number(more) - number(fewer));
        return secondsOfFewer + between * (more.getValue() * number(more) - secondsOfFewer);
    }

    private static double number(Map.Entry<Integer, Double> power) {
        return 1L << power.getKey();
    }

    private static String inWords(double seconds) {
        return seconds < 1 ? Math.round(seconds * 1000) + " ms" : Math.round(seconds) + " s";
    }
}
