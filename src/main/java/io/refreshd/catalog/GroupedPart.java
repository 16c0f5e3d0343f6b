package io.refreshd.catalog;

import io.refreshd.catalog.IncrementalQuery.MapText;
import io.refreshd.catalog.NodeTree.Node;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A part of a query that does more than join: it groups rows, makes them distinct, looks at them through windows, or is a set operation.
 * To the query around it, it is a table whose rows change for some values of the key.
 *
 * <p>Invariant: the rows of the part with one value of the key depend only on those rows that it reads which have that value.
 *
 * @param table stands for the part in the query around it; has the number {@code oid} in the extended catalog alone
 * @param key numbers of the part's output columns
 * @param branches the queries without groups, windows and DISTINCT: one, or one for each branch of a set operation
 * @param query the part as it is
 */
record GroupedPart(Relation table, List<Integer> key, List<Branch> branches, Node query) {
    /**
     * The rows that a part reads, or one branch of it.
     *
     * @param map a query that selects the key of each row; it joins, filters and computes, and does nothing else
     * @param text where the branch is written
     * @param around the names of the queries inside of which it is written, which the server gives to nothing in it
     * @param nested the map's query, split, if it joins groups itself
     */
    record Branch(Relation map, MapText text, List<EntryNames> around, Optional<GroupedQuery> nested) {
        /** The maps on which this one depends, each before those that depend on it, and this one last. */
        Stream<Branch> all() {
            return Stream.concat(nested.stream().flatMap(inner -> inner.branches().stream()), Stream.of(this));
        }
    }
}
