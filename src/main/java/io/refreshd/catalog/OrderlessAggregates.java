package io.refreshd.catalog;

import java.util.Set;

/** The built-in aggregates whose result is the same, to the last bit, in whatever order the rows come. The server never changes their oids. */
final class OrderlessAggregates {
    private static final Set<Long> OIDS = Set.of(
            // count
            2147L,
            2803L,
            // sum of int2, int4, int8, numeric, money and interval; no floats
            2107L,
            2108L,
            2109L,
            2112L,
            2113L,
            2114L,
            // avg of int2, int4, int8 and numeric
            2100L,
            2101L,
            2102L,
            2103L,
            // max and min of int2, int4, int8, oid, date, time, timestamp and timestamptz; no numeric, since 1.0 = 1.00
            2115L,
            2116L,
            2117L,
            2118L,
            2122L,
            2123L,
            2126L,
            2127L,
            2131L,
            2132L,
            2133L,
            2134L,
            2138L,
            2139L,
            2142L,
            2143L,
            // bool_and, bool_or, every
            2517L,
            2518L,
            2519L);

    private OrderlessAggregates() {}

    static boolean contains(long function) {
        return OIDS.contains(function);
    }
}
