package io.refreshd.catalog;

import io.refreshd.model.ChangedRows;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Looks up the rows of an incremental view that a changed row affects, by columns of its store. */
final class StoreLookups implements LookupAnalysis.ByTable {
    private final JoinedReads definition;
    private final ChangePaths paths;
    private final Predicate<List<Integer>> indexed;
    private final Map<ValueColumn, Set<List<Integer>>> maps;

    /**
     * @param definition the query whose columns are those of the store
     * @param indexed whether an index of the store begins with the columns
     * @param maps for columns of which there are maps: the columns of the store to which these lead
     */
    StoreLookups(
            JoinedReads definition,
            CatalogIndex catalogIndex,
            Predicate<List<Integer>> indexed,
            Map<ValueColumn, Set<List<Integer>>> maps) {
        this.definition = definition;
        this.indexed = indexed;
        this.maps = maps;
        this.paths = new ChangePaths(
                definition,
                catalogIndex,
                origin -> position(origin) > 0
                        ? Optional.empty()
                        : Optional.of(new Obstacle(
                                "the view's table does not hold what would tell; it was made when the tables were others",
                                Remedy.text("convert the view back, and again"))),
                maps.keySet());
    }

    private int position(JoinedReads.Origin origin) {
        return definition.positionOf(origin.read(), origin.column());
    }

    /** Whether the query reads the table. */
    boolean reads(Relation table) {
        return paths.reads(table);
    }

    /** @return without keys and without an obstacle, if maps alone lead to the rows */
    @Override
    public Lookup of(Relation table) {
        ChangePath.Found found = paths.of(table);
        if (found.everything().isPresent()) {
            return Lookup.not(
                    found.everything().get().what(), found.everything().get().remedy());
        }
        return found.paths().stream().allMatch(this::hasItsMap)
                ? Lookup.by(found.paths().stream()
                        .filter(path -> path.map().isEmpty())
                        .map(this::key)
                        .toList())
                : Lookup.not("it was converted when " + table.sql() + " was read in another way");
    }

    private boolean hasItsMap(ChangePath path) {
        return path.map()
                .map(column -> maps.getOrDefault(column, Set.of()).contains(positions(path)))
                .orElse(true);
    }

    private List<Integer> positions(ChangePath path) {
        return path.shown().stream().map(this::position).toList();
    }

    private LookupKey key(ChangePath path) {
        List<Integer> positions = positions(path);
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
