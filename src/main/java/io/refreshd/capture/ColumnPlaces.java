package io.refreshd.capture;

import io.refreshd.model.Interest;
import java.util.ArrayList;
import java.util.List;

/**
 * Where in the rows of a table, as the stream announced it, the columns stand that somebody is interested in. Made once for many
 * transactions.
 *
 * @param key places of the columns of the key; empty if nobody wants it, or it is not there
 * @param discriminators places of those that are there
 * @param read by place: whether its value is to be read
 * @param identity by place: whether old rows tell of it
 */
record ColumnPlaces(
        Relation relation,
        Interest interest,
        List<Integer> key,
        List<Integer> discriminators,
        boolean[] read,
        boolean[] identity) {

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
        boolean[] identity = new boolean[width];
        relation.identity().forEach(place -> identity[place] = true);
        return new ColumnPlaces(relation, interest, List.copyOf(key), List.copyOf(discriminators), read, identity);
    }

    boolean isFor(Relation announced, Interest now) {
        return relation.equals(announced) && interest.equals(now);
    }
}
