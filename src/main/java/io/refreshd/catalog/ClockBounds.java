package io.refreshd.catalog;

import io.refreshd.model.ClockBound;
import io.refreshd.model.KeyLookup;
import java.util.List;
import java.util.Set;

/** Tells for each comparison with a bound in time how the rows that pass the bound lead to rows of an incremental view. Pure. */
final class ClockBounds {
    private ClockBounds() {}

    static List<ClockBound> of(ClockUse use, LookupAnalysis.ByTable lookups, CatalogIndex catalogIndex) {
        return use.isCarried()
                ? use.comparisons().stream()
                        .map(comparison -> bound(comparison, lookups, catalogIndex))
                        .toList()
                : List.of();
    }

    private static ClockBound bound(
            ClockUse.Comparison comparison, LookupAnalysis.ByTable lookups, CatalogIndex catalogIndex) {
        Relation table = comparison.table();
        List<Lookup> leaves =
                LoggedKey.leaves(table, catalogIndex).stream().map(lookups::of).toList();
        boolean everything = leaves.stream().anyMatch(leaf -> leaf.keys().isEmpty());
        // The partitions have the columns by name, and a key too many costs little.
        List<LookupKey> keys = everything
                ? List.of()
                : leaves.stream()
                        .flatMap(leaf -> leaf.keys().stream())
                        .distinct()
                        .toList();
        ClockFunctions.Comparison by = comparison.by();
        return new ClockBound(
                table.tableId(),
                comparison.column().name(),
                comparison.columnFirst() ? by.left() : by.right(),
                comparison.bound(),
                comparison.columnFirst() ? by.right() : by.left(),
                by.name(),
                comparison.columnFirst(),
                keys.stream()
                        .map(key -> new KeyLookup(
                                table.tableId(), key.positions(), key.types(), Set.of(), key.joins(), key.map()))
                        .toList(),
                keys.stream().map(LookupKey::columns).toList());
    }
}
