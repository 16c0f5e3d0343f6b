package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The columns of a table that the log holds of each changed row: the replica identity index or the primary key. Of a partitioned table
 * those of all its partitions, whose changes the log names.
 *
 * @param columns numbers of the table's columns, in the order of the index
 * @param obstacle why changed rows cannot be told by them
 */
record LoggedKey(List<Integer> columns, Optional<Obstacle> obstacle) {
    static LoggedKey of(Relation table, CatalogIndex catalogIndex) {
        Set<Integer> columns = new LinkedHashSet<>();
        List<Obstacle> obstacles = new ArrayList<>();
        for (Relation leaf : leaves(table, catalogIndex)) {
            Optional<Index> key = key(leaf, catalogIndex);
            if (key.isEmpty()) {
                obstacles.add(new Obstacle(
                        "table " + leaf.sql() + " has no primary key or replica identity index",
                        Remedy.text("give " + leaf.sql() + " a primary key on the columns that identify a row")));
                continue;
            }
            for (int number : key.get().columns()) {
                // A partition has the columns of its parent by name, and may have them at other numbers.
                Optional<Relation.Column> column = leaf.columns().stream()
                        .filter(own -> own.number() == number)
                        .flatMap(own -> table.columns().stream()
                                .filter(named -> named.name().equals(own.name())))
                        .findFirst();
                column.ifPresentOrElse(
                        found -> {
                            columns.add(found.number());
                            if (found.keyType().isEmpty()) {
                                obstacles.add(new Obstacle(
                                        "the type of the key column " + found.name() + " of " + table.sql()
                                                + " is not one whose text form is safe to look up",
                                        Remedy.NONE));
                            }
                        },
                        () -> obstacles.add(
                                new Obstacle("the key of " + leaf.sql() + " is an expression", Remedy.NONE)));
            }
        }
        return new LoggedKey(List.copyOf(columns), obstacles.stream().findFirst());
    }

    private static Optional<Index> key(Relation leaf, CatalogIndex catalogIndex) {
        Index.Trait role = catalogIndex.identityOf(leaf) == ReplicaIdentity.INDEX
                ? Index.Trait.REPLICA_IDENTITY
                : Index.Trait.PRIMARY;
        return catalogIndex.indexesOf(leaf).stream()
                .filter(index -> index.is(role) && index.is(Index.Trait.VALID))
                .findFirst();
    }

    /** The tables that the log names when rows of the table change. */
    static List<Relation> leaves(Relation table, CatalogIndex catalogIndex) {
        List<Relation> leaves = new ArrayList<>();
        Deque<Relation> open = new ArrayDeque<>(List.of(table));
        while (!open.isEmpty()) {
            Relation next = open.pop();
            if (next.kind() == RelationKind.PARTITIONED_TABLE) {
                open.addAll(catalogIndex.childrenOf(next));
            } else {
                leaves.add(next);
            }
        }
        // A partitioned table without partitions: its own primary key, which partitions get.
        return leaves.isEmpty() ? List.of(table) : leaves;
    }
}
