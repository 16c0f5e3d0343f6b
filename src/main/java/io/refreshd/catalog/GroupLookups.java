package io.refreshd.catalog;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * How the rows of an incremental view with maps are found that a changed row concerns: in the view, where its query joins the table, and in
 * each map that reads the table.
 *
 * <p>Invariant: each use of the table in the view's query is in what the parts are joined by, or in the rows of one map; or it has a map of
 * the column by which rows of the view depend on it.
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
        NodeTree.Node query = catalogIndex.query(view).orElseThrow();
        Optional<GroupedQuery> grouped = GroupedQuery.of(view, query, catalogIndex);
        long groups = maps.stream().filter(map -> !map.values()).count();
        if (grouped.map(GroupedQuery::branches).orElse(List.of()).size() != groups) {
            throw new UnsupportedQueryException("its query groups rows otherwise than when it was converted");
        }
        CatalogIndex known = grouped.map(GroupedQuery::catalogIndex).orElse(catalogIndex);
        SelectProjectJoin.of(grouped.map(GroupedQuery::around).orElse(view), known, QueryPurpose.KEPT);
        Map<Integer, Map<ValueColumn, Set<List<Integer>>>> values = new HashMap<>();
        for (IncrementalMap map : maps) {
            if (map.values()) {
                values.computeIfAbsent(map.of(), of -> new HashMap<>())
                        .computeIfAbsent(
                                ValueMaps.column(definition(map, catalogIndex), catalogIndex), of -> new HashSet<>())
                        .add(map.positions());
            }
        }
        List<StoreLookups> lookups = new ArrayList<>();
        for (int i = 0; i < maps.size(); i++) {
            lookups.add(
                    ofMap(definition(maps.get(i), catalogIndex), catalogIndex, values.getOrDefault(i + 1, Map.of())));
        }
        return new GroupLookups(
                new StoreLookups(
                        new JoinedReads(grouped.map(GroupedQuery::query).orElse(query), known),
                        known,
                        indexed,
                        values.getOrDefault(0, Map.of())),
                lookups);
    }

    private static Relation definition(IncrementalMap map, CatalogIndex catalogIndex) throws UnsupportedQueryException {
        Relation definition = catalogIndex.relation(map.definition());
        if (definition == null || catalogIndex.query(definition).isEmpty()) {
            throw new UnsupportedQueryException("a map of it has no definition");
        }
        return definition;
    }

    /** The rows of a map may be joined with groups in turn, whose changes other maps tell. */
    private static StoreLookups ofMap(
            Relation definition, CatalogIndex catalogIndex, Map<ValueColumn, Set<List<Integer>>> values)
            throws UnsupportedQueryException {
        NodeTree.Node query = catalogIndex.query(definition).orElseThrow();
        Optional<GroupedQuery> grouped =
                new GroupedSplitter(definition, catalogIndex.extended(), QueryPurpose.MAPPED).split(query);
        CatalogIndex known = grouped.map(GroupedQuery::catalogIndex).orElse(catalogIndex);
        SelectProjectJoin.of(grouped.map(GroupedQuery::around).orElse(definition), known, QueryPurpose.MAPPED);
        return new StoreLookups(
                new JoinedReads(grouped.map(GroupedQuery::query).orElse(query), known),
                known,
                positions -> false,
                values);
    }

    @Override
    public Lookup of(Relation table) {
        List<LookupKey> keys = new ArrayList<>();
        if (around.reads(table)) {
            Lookup lookup = around.of(table);
            if (lookup.why().isPresent()) {
                return lookup;
            }
            keys.addAll(lookup.keys());
        }
        for (int i = 0; i < maps.size(); i++) {
            if (maps.get(i).reads(table)) {
                Lookup lookup = maps.get(i).of(table);
                if (lookup.why().isPresent()) {
                    return lookup;
                }
                int number = i + 1;
                lookup.keys().forEach(key -> keys.add(key.inMap(number)));
            }
        }
        return keys.isEmpty() ? Lookup.not("how it reads " + table.sql() + " is not understood") : Lookup.by(keys);
    }
}
