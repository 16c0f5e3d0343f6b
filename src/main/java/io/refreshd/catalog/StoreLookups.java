package io.refreshd.catalog;

import io.refreshd.model.ChangedRows;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Looks up the rows of an incremental view that a changed row affects, by columns of its store. */
final class StoreLookups implements LookupAnalysis.ByTable {
    private final JoinedReads definition;
    private final ChangePaths paths;
    private final Predicate<List<Integer>> indexed;

    /**
     * @param definition the query whose columns are those of the store
     * @param indexed whether an index of the store begins with the columns
     */
    StoreLookups(JoinedReads definition, CatalogIndex catalogIndex, Predicate<List<Integer>> indexed) {
        this.definition = definition;
        this.indexed = indexed;
        this.paths = new ChangePaths(
                definition,
                catalogIndex,
                origin -> position(origin) > 0
                        ? Optional.empty()
                        : Optional.of(new Obstacle(
                                "the view's table does not hold what would tell; it was made when the tables were others",
                                Remedy.text("convert the view back, and again"))));
    }

    private int position(JoinedReads.Origin origin) {
        return definition.positionOf(origin.read(), origin.column());
    }

    /** Whether the query reads the table. */
    boolean reads(Relation table) {
        return paths.reads(table);
    }

    @Override
    public Lookup of(Relation table) {
        ChangePaths.Found found = paths.of(table);
        return found.everything()
                .map(why -> Lookup.not(why.what(), why.remedy()))
                .orElseGet(() -> Lookup.by(found.paths().stream().map(this::key).toList()));
    }

    private LookupKey key(ChangePaths.Path path) {
        List<Integer> positions = path.shown().stream().map(this::position).toList();
        return new LookupKey(
                path.columns().stream().map(Relation.Column::name).toList(),
                positions,
                path.columns().stream().map(Relation.Column::keyType).toList(),
                ChangedRows.LIMIT_TO_RECOMPUTE,
                indexed.test(positions),
                path.byValue(),
                path.joins());
    }
}
