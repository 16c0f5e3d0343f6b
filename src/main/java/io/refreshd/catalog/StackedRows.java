package io.refreshd.catalog;

import io.refreshd.model.KeyLookup;
import io.refreshd.model.Obstacle;
import io.refreshd.model.UpstreamRows;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;

/** How changed rows of the incremental views that another one reads lead to its rows: as those of any table. */
final class StackedRows {
    private StackedRows() {}

    /**
     * @param lookups of the view that reads, by {@link StackedTables}
     * @param included whether a round keeps the view that is read
     */
    static List<UpstreamRows> of(
            ViewSources sources, StackedTables tables, LookupAnalysis.ByTable lookups, Predicate<Relation> included) {
        List<UpstreamRows> found = new ArrayList<>();
        for (Relation source : sources.materializedViews()) {
            Relation table = Objects.requireNonNull(tables.index().relation(source.oid()));
            if (tables.index().isOfRounds(table) && included.test(source)) {
                int hidden = source.columns().size() - table.columns().size();
                found.add(rows(table, hidden, lookups.of(table)));
            }
        }
        return found;
    }

    private static UpstreamRows rows(Relation table, int hidden, Lookup lookup) {
        return new UpstreamRows(
                table.viewId(),
                table.oid(),
                lookup.keys().stream()
                        .map(key -> new UpstreamRows.Path(
                                key.columns().stream()
                                        .map(name -> hidden + number(table, name))
                                        .toList(),
                                new KeyLookup(
                                        table.tableId(),
                                        key.positions(),
                                        key.types(),
                                        Set.of(),
                                        key.joins(),
                                        key.map())))
                        .toList(),
                lookup.keys().isEmpty()
                        ? lookup.why().map(Obstacle::what).orElse("how it reads " + table.sql() + " is not understood")
                        : "");
    }

    private static int number(Relation table, String column) {
        return table.columns().stream()
                .filter(own -> own.name().equals(column))
                .mapToInt(Relation.Column::number)
                .findFirst()
                .orElseThrow();
    }
}
