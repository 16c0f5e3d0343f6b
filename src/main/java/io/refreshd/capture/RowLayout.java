package io.refreshd.capture;

import io.refreshd.model.ChangedColumns;
import io.refreshd.model.Interest;
import io.refreshd.model.Operation;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Indexes of the columns of an {@link Interest} in the rows of a table, as the stream announced the table. Made once for many
 * transactions.
 *
 * @param key indexes of the key's columns; empty if nobody wants the key, or a column of it is not published
 * @param discriminators indexes of those discriminating columns that are published
 * @param read by index: whether the column's value is to be read
 * @param unread by index: whether no view reads the column, so that no row is remembered because of it
 * @param identity by index: whether the column belongs to the replica identity, so that old rows hold it
 * @param updates the tally of an UPDATE of one row, by the indexes of the columns that it altered: an application has few kinds of updates
 */
record RowLayout(
        Relation relation,
        Interest interest,
        List<Integer> key,
        List<Integer> discriminators,
        boolean[] read,
        boolean[] unread,
        boolean[] identity,
        Map<BitSet, TableTally> updates) {

    private static final int UPDATES_LIMIT = 1_000;

    static RowLayout of(Relation relation, Interest interest) {
        int width = relation.columns().size();
        boolean[] read = new boolean[width];
        List<Integer> key = new ArrayList<>();
        for (String column : interest.key()) {
            key.add(relation.columns().indexOf(column));
        }
        if (key.contains(-1)) {
            key.clear();
        }
        List<Integer> discriminators = new ArrayList<>();
        for (String column : interest.discriminators()) {
            int index = relation.columns().indexOf(column);
            if (index >= 0) {
                discriminators.add(index);
            }
        }
        key.forEach(index -> read[index] = true);
        discriminators.forEach(index -> read[index] = true);
        boolean[] unread = new boolean[width];
        for (int i = 0; i < width; i++) {
            unread[i] = interest.unread().contains(relation.columns().get(i));
        }
        boolean[] identity = new boolean[width];
        relation.identity().forEach(index -> identity[index] = true);
        return new RowLayout(
                relation,
                interest,
                List.copyOf(key),
                List.copyOf(discriminators),
                read,
                unread,
                identity,
                new HashMap<>());
    }

    /** The tally of an UPDATE of one row that altered these columns, if the row is not remembered. */
    TableTally oneUpdate(BitSet changed) {
        TableTally known = updates.get(changed);
        if (known != null) {
            return known;
        }
        if (updates.size() >= UPDATES_LIMIT) {
            updates.clear();
        }
        Set<String> columns = changed.stream().mapToObj(relation.columns()::get).collect(Collectors.toSet());
        TableTally made = new TableTally(relation.table(), Map.of(Operation.UPDATE, 1L), ChangedColumns.of(columns));
        updates.put((BitSet) changed.clone(), made);
        return made;
    }

    boolean isFor(Relation announced, Interest now) {
        return relation.equals(announced) && interest.equals(now);
    }
}
