package io.refreshd.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What is known of the rows of one table that a change touched, before and after the change. Values are in text form.
 *
 * <p>Invariant: a set that is present is complete. What is absent is not known, and nothing may be concluded from it.
 *
 * @param key names of the columns that the keys consist of
 * @param keys the keys of all rows, old and new; empty if there are too many, or the log does not hold them
 * @param values by column, the complete set of values that the rows had before or have after the change, NULL apart; not known for a
 *     column that is absent
 * @param newValues by column, the complete set of values that the rows have after the change, NULL apart; for columns whose values
 *     before the change the log does not hold
 */
public record ChangedRows(
        List<String> key,
        Optional<Set<List<String>>> keys,
        Map<String, Set<String>> values,
        Map<String, Set<String>> newValues) {
    public static final ChangedRows UNKNOWN = new ChangedRows(List.of(), Optional.empty(), Map.of(), Map.of());

    /** How many distinct keys, and distinct values of a column, are kept. Beyond this, a refresh is cheaper than that many lookups. */
    public static final int LIMIT = 1_000;

    /** How many distinct keys are kept for an incremental view, which recomputes them in one statement. */
    public static final int LIMIT_TO_RECOMPUTE = 10_000;

    public ChangedRows {
        key = List.copyOf(key);
        keys = keys.map(Set::copyOf);
        values = copy(values);
        newValues = copy(newValues);
    }

    private static Map<String, Set<String>> copy(Map<String, Set<String>> values) {
        Map<String, Set<String>> copy = new HashMap<>();
        values.forEach((column, all) -> copy.put(column, Set.copyOf(all)));
        return Map.copyOf(copy);
    }

    /** The keys of all rows; empty if they are not known, or do not consist of exactly these columns in this order. */
    public Optional<Set<List<String>>> keys(List<String> columns) {
        return columns.equals(key) ? keys : Optional.empty();
    }

    /** Every value of the column in the rows before and after the change, NULL apart; empty if they are not known. */
    public Optional<Set<String>> values(String column) {
        return Optional.ofNullable(values.get(column));
    }

    /** Every value of the column in the rows after the change, NULL apart, where those before are not known; else empty. */
    public Optional<Set<String>> newValues(String column) {
        return Optional.ofNullable(newValues.get(column));
    }
}
