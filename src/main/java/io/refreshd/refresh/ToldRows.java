package io.refreshd.refresh;

import io.refreshd.incremental.WayChooser;
import io.refreshd.ledger.MissedRows;
import io.refreshd.model.UpstreamRows;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a round of one view tells the views that read it: for each list of columns that these ask for, the old and new values in the rows
 * that it changed.
 *
 * <p>Thread: the one that owns the connection.
 */
final class ToldRows {
    private final List<List<Integer>> asked;
    private final Map<List<Integer>, Set<List<String>>> values = new HashMap<>();
    private boolean unknown;

    /**
     * @param readers the views that read this one
     * @param columns how many columns the store has: a reader that asks for others knows another store
     */
    ToldRows(List<UpstreamRows.Reader> readers, int columns) {
        this.asked = readers.stream()
                .flatMap(reader -> reader.columns().stream())
                .filter(numbers -> numbers.stream().allMatch(number -> number > 0 && number <= columns))
                .distinct()
                .sorted(Comparator.comparing(List::toString))
                .toList();
        asked.forEach(numbers -> values.put(numbers, new HashSet<>()));
    }

    List<List<Integer>> asked() {
        return asked;
    }

    /** Rows changed of which nothing can be told. */
    void unknown() {
        unknown = true;
    }

    /** @param first the number of the column with the values of the first list */
    void add(ResultSet row, int first) throws SQLException {
        for (int i = 0; i < asked.size(); i++) {
            Set<List<String>> all = values.computeIfAbsent(asked.get(i), columns -> new HashSet<>());
            all.addAll(MissedRows.texts(row.getArray(first + i)));
            unknown |= all.size() > WayChooser.MOST_KEYS;
        }
    }

    /** The values of some columns; empty: not known. */
    Optional<Set<List<String>>> of(List<Integer> columns) {
        return unknown ? Optional.empty() : Optional.ofNullable(values.get(columns));
    }

    /** The values that a reader asks for; empty: not known. */
    Optional<Map<List<Integer>, Set<List<String>>>> of(UpstreamRows.Reader reader) {
        if (reader.columns().isEmpty()
                || reader.columns().stream().anyMatch(columns -> of(columns).isEmpty())) {
            return Optional.empty();
        }
        return Optional.of(reader.columns().stream()
                .collect(Collectors.toMap(
                        columns -> columns, columns -> of(columns).orElseThrow())));
    }
}
