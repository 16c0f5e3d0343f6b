package io.refreshd.catalog;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Knows of which aggregates and window functions the result depends on the order of the rows. Pure. */
final class OrderSensitivity {
    /** Window functions whose result is the same for all rows that the order does not tell apart. */
    private static final Set<String> BY_PEERS = Set.of("rank", "dense_rank", "percent_rank", "cume_dist");

    private static final Set<String> AGGREGATES = Set.of(
            "array_agg",
            "string_agg",
            "xmlagg",
            "any_value",
            "json_agg",
            "json_agg_strict",
            "jsonb_agg",
            "jsonb_agg_strict",
            "json_object_agg",
            "json_object_agg_strict",
            "json_object_agg_unique",
            "json_object_agg_unique_strict",
            "jsonb_object_agg",
            "jsonb_object_agg_strict");

    /** Whose result differs in its last digits. */
    private static final Set<String> OF_FLOATS = Set.of(
            "sum",
            "avg",
            "stddev",
            "stddev_pop",
            "stddev_samp",
            "variance",
            "var_pop",
            "var_samp",
            "corr",
            "covar_pop",
            "covar_samp",
            "regr_avgx",
            "regr_avgy",
            "regr_intercept",
            "regr_r2",
            "regr_slope",
            "regr_sxx",
            "regr_sxy",
            "regr_syy");

    /**
     * An aggregate or window function.
     *
     * @param kind {@code a} or {@code w}
     * @param ofFloats whether its first argument is a float4 or float8
     */
    record Called(long oid, String name, char kind, boolean ofFloats) {
        boolean isSensitive() {
            if (kind == 'w') {
                return !BY_PEERS.contains(name);
            }
            // What an aggregate of a user does with the order is not known.
            return !Catalog.builtIn(oid) || AGGREGATES.contains(name) || (ofFloats && OF_FLOATS.contains(name));
        }
    }

    private final Map<Long, Called> functions = new HashMap<>();

    OrderSensitivity(Iterable<Called> functions) {
        functions.forEach(function -> this.functions.put(function.oid(), function));
    }

    boolean isSensitive(long oid) {
        Called function = functions.get(oid);
        return function == null || function.isSensitive();
    }

    String name(long oid) {
        Called function = functions.get(oid);
        return function == null ? "a function" : function.name() + "()";
    }
}
