package io.refreshd.catalog;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How the rows of an incremental view that groups rows are found that a changed row concerns: in the view, where its query joins the table,
 * and in each map of rows to groups that reads the table.
 *
 * <p>Invariant: each use of the table in the view's query is in what the parts are joined by, or in the rows of one map.
 */
final class GroupLookups implements LookupAnalysis.ByTable {
    private final StoreLookups around;
    private final List<StoreLookups> maps;

    private GroupLookups(StoreLookups around, List<StoreLookups> maps) {
        this.around = around;
        this.maps = maps;
    }

    /**
     * @param indexed whether an index of the view's store begins with the columns
     * @throws UnsupportedQueryException if the maps are not those that the view's query needs
     */
    static GroupLookups of(
            Relation view, List<IncrementalMap> maps, CatalogIndex catalogIndex, Predicate<List<Integer>> indexed)
            throws UnsupportedQueryException {
        GroupedQuery grouped = GroupedQuery.of(view, catalogIndex.query(view).orElseThrow(), catalogIndex)
                .orElseThrow(() -> new UnsupportedQueryException("its query groups no rows any more"));
        if (grouped.branches().size() != maps.size()) {
            throw new UnsupportedQueryException("its query groups rows otherwise than when it was converted");
        }
        SelectProjectJoin.of(grouped.around(), grouped.catalogIndex(), QueryPurpose.KEPT);
        List<StoreLookups> lookups = new ArrayList<>();
        for (IncrementalMap map : maps) {
            lookups.add(ofMap(catalogIndex.relation(map.definition()), catalogIndex));
        }
        return new GroupLookups(
                new StoreLookups(
                        new JoinedReads(grouped.query(), grouped.catalogIndex()), grouped.catalogIndex(), indexed),
                lookups);
    }

    /** The rows of a map may be joined with groups in turn, whose changes other maps tell. */
    private static StoreLookups ofMap(@Nullable Relation definition, CatalogIndex catalogIndex)
            throws UnsupportedQueryException {
        Optional<NodeTree.Node> query = Optional.ofNullable(definition).flatMap(catalogIndex::query);
        if (definition == null || query.isEmpty()) {
            throw new UnsupportedQueryException("a map of it has no definition");
        }
        Optional<GroupedQuery> grouped =
                new GroupedSplitter(definition, catalogIndex.extended(), QueryPurpose.MAPPED).split(query.get());
        CatalogIndex known = grouped.map(GroupedQuery::catalogIndex).orElse(catalogIndex);
        SelectProjectJoin.of(grouped.map(GroupedQuery::around).orElse(definition), known, QueryPurpose.MAPPED);
        return new StoreLookups(
                new JoinedReads(grouped.map(GroupedQuery::query).orElse(query.get()), known),
                known,
                positions -> false);
    }

    @Override
    public Lookup of(Relation table) {
        List<LookupKey> keys = new ArrayList<>();
        if (around.reads(table)) {
            Lookup lookup = around.of(table);
            if (lookup.keys().isEmpty()) {
                return lookup;
            }
            keys.addAll(lookup.keys());
        }
        for (int i = 0; i < maps.size(); i++) {
            if (maps.get(i).reads(table)) {
                Lookup lookup = maps.get(i).of(table);
                if (lookup.keys().isEmpty()) {
                    return lookup;
                }
                int number = i + 1;
                lookup.keys().forEach(key -> keys.add(key.inMap(number)));
            }
        }
        return keys.isEmpty() ? Lookup.not("how it reads " + table.sql() + " is not understood") : Lookup.by(keys);
    }
}
