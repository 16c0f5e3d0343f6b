package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The incremental views that a query reads, each as a table. To a view on top a view below is the table that holds its rows, with a key by
 * which changed rows are told: the recompute key of that view, or a unique index, as far as readers see the columns.
 *
 * <p>The key need not be unique, nor free of NULL: rows that share it are recomputed together.
 *
 * @param index the catalog in which these views are tables
 * @param obstacles the views that no table can stand for
 */
record StackedTables(CatalogIndex index, List<Obstacle> obstacles) {
    private static final Set<Index.Trait> KEY =
            Set.of(Index.Trait.REPLICA_IDENTITY, Index.Trait.VALID, Index.Trait.IMMEDIATE, Index.Trait.BTREE);

    static StackedTables of(Relation view, CatalogIndex catalogIndex) {
        return of(ViewSources.of(view, catalogIndex), catalogIndex);
    }

    static StackedTables of(ViewSources sources, CatalogIndex catalogIndex) {
        List<Relation> read = sources.materializedViews().stream()
                .filter(source -> catalogIndex.incremental(source).isPresent())
                .toList();
        if (read.isEmpty()) {
            return new StackedTables(catalogIndex, List.of());
        }
        CatalogIndex index = catalogIndex.extended();
        List<Obstacle> obstacles = new ArrayList<>();
        for (Relation source : read) {
            IncrementalView incremental = catalogIndex.incremental(source).orElseThrow();
            Optional<List<Integer>> key = key(source, incremental, catalogIndex);
            key.ifPresentOrElse(
                    columns -> index.addTable(
                            table(source, incremental),
                            List.of(new Index(source.oid(), source.oid(), source.name(), columns, KEY))),
                    () -> obstacles.add(new Obstacle(
                            "reads the incremental view " + source.sql()
                                    + ", which shows neither the columns by which its rows are recomputed nor those of a unique index",
                            Remedy.text("add its key to the columns of " + source.sql()
                                    + ", or create a unique index on columns that it shows"))));
        }
        return new StackedTables(index, obstacles);
    }

    private static Relation table(Relation view, IncrementalView incremental) {
        Relation.Traits traits = view.traits();
        return new Relation(
                view.oid(),
                view.schema(),
                view.name(),
                RelationKind.TABLE,
                new Relation.Traits('p', true, 'i', traits.owner(), RowSecurity.OFF, traits.access()),
                incremental.shown());
    }

    /** The numbers of the shown columns. */
    private static Optional<List<Integer>> key(Relation view, IncrementalView incremental, CatalogIndex catalogIndex) {
        int hidden = view.columns().size() - incremental.shown().size();
        return incremental
                .store()
                .map(store -> shown(store.recomputeKey(), hidden))
                .filter(key -> isSafe(key, incremental))
                .or(() -> catalogIndex.indexesOf(view).stream()
                        .filter(index -> index.is(Index.Trait.UNIQUE)
                                && index.is(Index.Trait.VALID)
                                && !index.is(Index.Trait.PARTIAL)
                                && !index.hasExpression())
                        .map(index -> shown(index.columns(), hidden))
                        .filter(key -> isSafe(key, incremental))
                        .min(Comparator.comparing(List::size)));
    }

    private static List<Integer> shown(List<Integer> ofStore, int hidden) {
        return ofStore.stream().map(number -> number - hidden).toList();
    }

    private static boolean isSafe(List<Integer> key, IncrementalView incremental) {
        return !key.isEmpty()
                && key.stream()
                        .allMatch(number -> number > 0
                                && number <= incremental.shown().size()
                                && !incremental
                                        .shown()
                                        .get(number - 1)
                                        .keyType()
                                        .isEmpty());
    }
}
