package io.refreshd.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What is known of the rows of one table that a transaction touched, as they were and as they are; values in text form. What
 * is not here is not known, and nothing may be concluded from it.
 *
 * @param key the columns that the keys are made of
 * @param keys the keys of all rows; empty if they are too many, or were not to be had
 * @param values by column: every value that a row had or has; a NULL is not among them. Without the column: not known
 * @param newValues the same of columns of which the log holds nothing but what the rows were given: every value that a row has,
 *     but not what it had
 */
public record ChangedRows(
        List<String> key,
        Optional<Set<List<String>>> keys,
        Map<String, Set<String>> values,
        Map<String, Set<String>> newValues) {
    public static final ChangedRows UNKNOWN = new ChangedRows(List.of(), Optional.empty(), Map.of(), Map.of());

    /** Distinct keys, and distinct values of a column, that are remembered; beyond it a refresh is cheaper than many look-ups. */
    public static final int LIMIT = 1_000;

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

    /** The keys, if they are made of just these columns in this order. */
    public Optional<Set<List<String>>> keys(List<String> columns) {
        return columns.equals(key) ? keys : Optional.empty();
    }

    /** Every value of the column in the rows before and after, NULL aside. */
    public Optional<Set<String>> values(String column) {
        return Optional.ofNullable(values.get(column));
    }

    /** Every value of the column in the rows after the change, where what they had before is not known. */
    public Optional<Set<String>> newValues(String column) {
        return Optional.ofNullable(newValues.get(column));
    }
}
