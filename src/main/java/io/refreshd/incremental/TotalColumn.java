package io.refreshd.incremental;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A column of the table with the totals of groups. Its name tells what it holds, and of which columns of the map.
 *
 * @param argument number of the map's column with the values; 0: rows are counted
 * @param filter number of the map's column that tells whether the row counts; 0: all do
 */
record TotalColumn(Kind kind, int argument, int filter) {
    /** How many rows a group has. */
    static final TotalColumn ROWS = new TotalColumn(Kind.COUNT, 0, 0);

    /** Says that the group stays when it has no rows. */
    static final TotalColumn STAYS = new TotalColumn(Kind.STAYS, 0, 0);

    enum Kind {
        /** How many rows have TRUE there. */
        COUNT,
        /** How many rows have a value. */
        FILLED,
        SUM,
        /** How many values have which number of decimals: the count of those with n decimals times 10 to the power of 12 n. */
        SCALES,
        MIN,
        MAX,
        /** TRUE. */
        STAYS
    }

    /** Places for the count of the values with one number of decimals. */
    static final int DIGITS = 12;

    /** So many decimals, or more. */
    static final int MOST_DECIMALS = 999;

    String name() {
        return kind.name().toLowerCase(Locale.ROOT) + "_" + argument + "_" + filter;
    }

    /** @return empty if the column is one of the key */
    static Optional<TotalColumn> named(String name) {
        String[] parts = name.split("_");
        return Stream.of(Kind.values())
                .filter(kind -> parts.length == 3 && kind.name().equalsIgnoreCase(parts[0]))
                .map(kind -> new TotalColumn(kind, Integer.parseInt(parts[1]), Integer.parseInt(parts[2])))
                .findFirst();
    }

    TotalColumn with(Kind other) {
        return new TotalColumn(other, argument, filter);
    }

    /** Whether an extremum that goes takes the knowledge of the next one with it. */
    boolean isExtremum() {
        return kind == Kind.MIN || kind == Kind.MAX;
    }

    /** The condition for rows that count; empty if all do. @param alias of the map, whose columns are named by their numbers */
    private String condition(String alias) {
        String value = alias + ".c" + argument;
        String counted = switch (kind) {
            case COUNT -> argument == 0 ? "" : value;
            // Of NULL, NaN and infinity there is none.
            case SCALES -> "scale(" + value + ") IS NOT NULL";
            case FILLED, SUM, MIN, MAX, STAYS -> "";
        };
        String filtered = filter == 0 ? "" : alias + ".c" + filter;
        return Stream.of(counted, filtered)
                .filter(one -> !one.isEmpty())
                .reduce((one, other) -> one + " AND " + other)
                .orElse("");
    }

    /** The total over rows of the map. @param more a condition for rows; empty if all count */
    String over(String alias, String more) {
        String value = alias + ".c" + argument;
        String all = switch (kind) {
            case COUNT -> "count(*)";
            case FILLED -> "count(" + value + ")";
            case SUM -> "sum(" + value + ")";
            case SCALES ->
                "sum(('1e' || " + DIGITS + " * least(scale(" + value + "), " + MOST_DECIMALS + "))::numeric)";
            case MIN -> "min(" + value + ")";
            case MAX -> "max(" + value + ")";
            case STAYS -> "true";
        };
        if (kind == Kind.STAYS) {
            return all;
        }
        String conditions = Stream.of(condition(alias), more)
                .filter(one -> !one.isEmpty())
                .reduce((one, other) -> one + " AND " + other)
                .orElse("");
        return conditions.isEmpty() ? all : all + " FILTER (WHERE " + conditions + ")";
    }
}
