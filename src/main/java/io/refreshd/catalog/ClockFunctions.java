package io.refreshd.catalog;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The built-in functions by which a query computes a bound in time, and those by which it compares a column with the bound. Pure.
 *
 * <p>Source: {@code pg_proc.dat}. The oids of built-in functions are the same on all servers.
 */
final class ClockFunctions {
    /** Return the start of the transaction. */
    private static final Set<Long> CLOCK = Set.of(1299L, 2647L);

    /** Results depend on the arguments and the time zone alone. */
    private static final String OF_BOUNDS = """
            1299 now 2647 transaction_timestamp
            1189 timestamptz_pl_interval 1190 timestamptz_mi_interval 2032 timestamp_pl_interval 2033 timestamp_mi_interval
            2071 date_pl_interval 2072 date_mi_interval 1141 date_pli 1142 date_mii
            2546 interval_pl_date 2548 interval_pl_timestamp 2549 interval_pl_timestamptz 2550 integer_pl_date
            2020 date_trunc 1217 date_trunc 1284 date_trunc
            2069 timezone 1159 timezone 2070 timezone 1026 timezone
            2029 date 1178 date 2024 timestamp 2027 timestamp 1961 timestamp 1174 timestamptz 2028 timestamptz 1967 timestamptz
            1618 interval_mul 1624 mul_d_interval 1326 interval_div 1168 interval_um 1169 interval_pl 1170 interval_mi 1200 interval
            316 float8
            """;

    /** For each pair of types the oids of lt, le, gt, ge, eq and ne. */
    private static final String COMPARISONS = """
            date date 1087 1088 1089 1090 1086 1091
            date timestamp 2338 2339 2341 2342 2340 2343
            date timestamptz 2351 2352 2354 2355 2353 2356
            timestamp timestamp 2054 2055 2057 2056 2052 2053
            timestamp date 2364 2365 2367 2368 2366 2369
            timestamp timestamptz 2520 2521 2523 2524 2522 2525
            timestamptz timestamptz 1154 1155 1157 1156 1152 1153
            timestamptz date 2377 2378 2380 2381 2379 2382
            timestamptz timestamp 2527 2528 2530 2531 2529 2532
            """;

    private static final List<String> OPERATORS = List.of("lt", "le", "gt", "ge", "eq", "ne");

    private static final Map<Long, String> NAMES = names();
    private static final Map<Long, Comparison> BY_OID = comparisons();

    private ClockFunctions() {}

    /**
     * A comparison of two points in time.
     *
     * @param name of the function
     * @param left type of the first argument
     * @param right type of the second one
     */
    record Comparison(String name, String left, String right) {}

    private static Map<Long, String> names() {
        Map<Long, String> names = new HashMap<>();
        String[] words = OF_BOUNDS.strip().split("\\s+");
        for (int i = 0; i < words.length; i += 2) {
            names.put(Long.parseLong(words[i]), words[i + 1]);
        }
        return Map.copyOf(names);
    }

    private static Map<Long, Comparison> comparisons() {
        Map<Long, Comparison> comparisons = new HashMap<>();
        for (String line : COMPARISONS.lines().toList()) {
            String[] words = line.split(" ");
            for (int i = 0; i < OPERATORS.size(); i++) {
                String name = words[0] + "_" + OPERATORS.get(i) + (words[0].equals(words[1]) ? "" : "_" + words[1]);
                comparisons.put(Long.parseLong(words[i + 2]), new Comparison(name, words[0], words[1]));
            }
        }
        return Map.copyOf(comparisons);
    }

    /** Whether the function returns the time at which the transaction began. */
    static boolean readsClock(long oid) {
        return CLOCK.contains(oid);
    }

    /** The name of a function that may compute a bound; empty for any other one. */
    static Optional<String> ofBound(long oid) {
        return Optional.ofNullable(NAMES.get(oid));
    }

    static Optional<Comparison> comparison(long oid) {
        return Optional.ofNullable(BY_OID.get(oid));
    }

    /** All functions by oid. */
    static Map<Long, String> all() {
        Map<Long, String> all = new HashMap<>(NAMES);
        BY_OID.forEach((oid, comparison) -> all.put(oid, comparison.name()));
        return all;
    }
}
