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
 * Where in the rows of a table, as the stream announced it, the columns stand that somebody is interested in. Made once for many
 * transactions.
 *
 * @param key places of the columns of the key; empty if nobody wants it, or it is not there
 * @param discriminators places of those that are there
 * @param read by place: whether its value is to be read
 * @param unread by place: whether nothing that a row is remembered for depends on it
 * @param identity by place: whether old rows tell of it
 * @param updates what an UPDATE of one row comes to, by the places of the columns that it alters: an application has few kinds of them
 */
record ColumnPlaces(
        Relation relation,
        Interest interest,
        List<Integer> key,
        List<Integer> discriminators,
        boolean[] read,
        boolean[] unread,
        boolean[] identity,
        Map<BitSet, TableTally> updates) {

    private static final int UPDATES_LIMIT = 1_000;

    static ColumnPlaces of(Relation relation, Interest interest) {
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
            int place = relation.columns().indexOf(column);
            if (place >= 0) {
                discriminators.add(place);
            }
        }
        key.forEach(place -> read[place] = true);
        discriminators.forEach(place -> read[place] = true);
        boolean[] unread = new boolean[width];
        for (int i = 0; i < width; i++) {
            unread[i] = interest.unread().contains(relation.columns().get(i));
        }
        boolean[] identity = new boolean[width];
        relation.identity().forEach(place -> identity[place] = true);
        return new ColumnPlaces(
                relation,
                interest,
                List.copyOf(key),
                List.copyOf(discriminators),
                read,
                unread,
                identity,
                new HashMap<>());
    }

    /** What an UPDATE of one row comes to that altered these columns, if nothing more is known of the row. */
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
