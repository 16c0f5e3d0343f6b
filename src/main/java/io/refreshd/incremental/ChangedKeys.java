package io.refreshd.incremental;

import io.refreshd.model.KeyLookup;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The keys of changed rows, parted into those that are recompute keys themselves and those by which recompute keys must be looked up.
 * Pure.
 *
 * @param recompute recompute keys: keys of changed rows of the anchor, and values that are compared with its key
 * @param lookups keys of changed rows of other tables, one look-up for each list of columns and of tables that lead to them
 */
public record ChangedKeys(Set<List<String>> recompute, List<KeyLookup> lookups) {
    public ChangedKeys {
        recompute = Set.copyOf(recompute);
        lookups = List.copyOf(lookups);
    }

    /** SQL's names of types that have another one in {@code pg_type}. */
    private static final Map<String, String> NAMES = Map.of(
            "smallint", "int2",
            "integer", "int4",
            "bigint", "int8",
            "boolean", "bool",
            "character varying", "varchar",
            "timestamp without time zone", "timestamp",
            "timestamp with time zone", "timestamptz");

    /**
     * @param changed keys of changed rows, of one view
     * @param recomputeKey numbers of the columns of the recompute key
     * @param keyTypes their types; a value of another type, of a column that is compared with the key, may be none that the key's type
     *     can hold
     */
    public static ChangedKeys of(Collection<KeyLookup> changed, List<Integer> recomputeKey, List<String> keyTypes) {
        Set<List<String>> recompute = new HashSet<>();
        Map<List<Object>, KeyLookup> lookups = new LinkedHashMap<>();
        for (KeyLookup lookup : changed) {
            if (lookup.joins().isEmpty()
                    && lookup.positions().equals(recomputeKey)
                    && names(lookup.types()).equals(names(keyTypes))) {
                recompute.addAll(lookup.keys());
            } else if (!lookup.keys().isEmpty()) {
                lookups.merge(List.of(lookup.positions(), lookup.types(), lookup.joins()), lookup, ChangedKeys::joined);
            }
        }
        return new ChangedKeys(recompute, new ArrayList<>(lookups.values()));
    }

    private static List<String> names(List<String> types) {
        return types.stream()
                .map(type -> type.startsWith("pg_catalog.") ? type.substring("pg_catalog.".length()) : type)
                .map(type -> NAMES.getOrDefault(type, type))
                .toList();
    }

    private static KeyLookup joined(KeyLookup one, KeyLookup other) {
        Set<List<String>> keys = new HashSet<>(one.keys());
        keys.addAll(other.keys());
        return one.withKeys(keys);
    }

    public long count() {
        return recompute.size()
                + lookups.stream().mapToLong(lookup -> lookup.keys().size()).sum();
    }
}
