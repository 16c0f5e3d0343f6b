package io.refreshd.model;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which rows of a table a transaction touched: the values, in text form, of the columns that identify a row, as they were
 * and as they are. Under {@code REPLICA IDENTITY FULL} these are all columns.
 *
 * @param known false if nothing may be concluded: too many rows, a TRUNCATE, or a table that was altered
 * @param values aligned with {@code columns}; null is SQL's NULL
 */
public record ChangedRows(boolean known, List<String> columns, Set<List<@Nullable String>> values) {
    public static final ChangedRows UNKNOWN = new ChangedRows(false, List.of(), Set.of());

    /** Distinct rows that are remembered of one table; beyond it a refresh is cheaper than looking them all up. */
    public static final int LIMIT = 1_000;

    /** Stands for a value too long to be carried. No value of PostgreSQL holds a zero character. */
    public static final String OMITTED = "\0";

    /** The values of some of the columns; empty if they are not known. */
    public Optional<Set<List<@Nullable String>>> project(List<String> wanted) {
        List<Integer> at = wanted.stream().map(columns::indexOf).toList();
        if (!known || at.contains(-1)) {
            return Optional.empty();
        }
        Set<List<@Nullable String>> projected = new HashSet<>();
        for (List<@Nullable String> row : values) {
            List<@Nullable String> part = new ArrayList<>(at.size());
            for (int i : at) {
                part.add(row.get(i));
            }
            if (part.contains(OMITTED)) {
                return Optional.empty();
            }
            projected.add(part);
        }
        return Optional.of(projected);
    }
}
