package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.SelectProjectJoin.Origin;
import io.refreshd.model.Remedy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether changed rows of a table can be looked up in a view that reads the table in a sub-query of an expression alone.
 *
 * <p>If the sub-query takes rows by a {@link SubQueryJoins.Binding}, only outer rows differ whose column has a value that the changed rows have or
 * had. These are found by the column of the view that shows it. The outer column must be on no nullable side, and the expression must
 * not decide about a row on one: then a row that goes is not replaced by one with NULLs, which would not show the value.
 */
final class SubQueryLookup {
    private final CatalogIndex catalogIndex;
    private final Predicate<List<Integer>> indexed;

    /** @param indexed whether an index of the view begins with the columns */
    SubQueryLookup(CatalogIndex catalogIndex, Predicate<List<Integer>> indexed) {
        this.catalogIndex = catalogIndex;
        this.indexed = indexed;
    }

    /** @param table a table that the query reads once, in a sub-query */
    Lookup of(SelectProjectJoin query, Relation table) {
        List<LookupKey> keys = new ArrayList<>();
        for (SubLink.Placed placed : query.subQueries()) {
            if (!placed.subLink().outer()) {
                SubQueryJoins inside = new SubQueryJoins(placed.subLink(), catalogIndex, outer -> isKey(placed, outer));
                for (SubQueryJoins.Binding binding : inside.bindings()) {
                    Relation read = inside.reads().get(binding.column().read()).table();
                    if (catalogIndex.selfAndAncestorsOf(table).contains(read.oid())
                            && binding.value() instanceof SubQueryJoins.Outer(Node outer)) {
                        column(table, read, binding.column().column())
                                .flatMap(column -> key(query, placed, column, outer, binding))
                                .ifPresent(keys::add);
                    }
                }
            }
        }
        // The log holds old values of the key's columns for certain, of others only under REPLICA IDENTITY FULL.
        return keys.stream()
                .min(Comparator.comparing((LookupKey key) -> !isInKey(table, key))
                        .thenComparing(key -> !key.indexed()))
                .map(Lookup::by)
                .orElseGet(() -> Lookup.not(
                        "a sub-query in an expression reads " + table.sql()
                                + ", and nothing shows which rows of the view depend on a row of it",
                        Remedy.text("compare a column of " + table.sql()
                                + " for equality with one that the view shows, unaltered; by NOT EXISTS instead of NOT IN,"
                                + " unless both are columns of primary keys")));
    }

    private boolean isInKey(Relation table, LookupKey key) {
        return table.columns().stream()
                .anyMatch(column -> column.name().equals(key.columns().getFirst())
                        && catalogIndex.isPrimary(table, column.number()));
    }

    private Optional<LookupKey> key(
            SelectProjectJoin query,
            SubLink.Placed placed,
            Relation.Column column,
            Node variable,
            SubQueryJoins.Binding binding) {
        Relation outer = outerTable(placed, variable);
        Origin origin = placed.around().origin(variable);
        TableUse use = outer == null ? null : query.use(outer);
        if (outer == null || origin == null || use == null || use.times() != 1 || use.nullable()) {
            return Optional.empty();
        }
        Optional<Relation.Column> shown = outer.columns().stream()
                .filter(known -> known.number() == origin.column())
                .findFirst();
        int position = query.positionOf(outer, origin.column());
        if (position == 0
                || shown.isEmpty()
                || !binding.collationFits()
                || !KeyEquality.holds(binding.operator(), column, shown.get())) {
            return Optional.empty();
        }
        return Optional.of(
                LookupKey.byValue(column.name(), position, column.keyType(), indexed.test(List.of(position))));
    }

    /** A partition has the columns of its parent by name, and may have them at other numbers. */
    private static Optional<Relation.Column> column(Relation table, Relation read, int number) {
        return read.columns().stream()
                .filter(named -> named.number() == number)
                .flatMap(named ->
                        table.columns().stream().filter(own -> own.name().equals(named.name())))
                .findFirst();
    }

    private boolean isKey(SubLink.Placed placed, Node outer) {
        Relation table = outerTable(placed, outer);
        Origin origin = placed.around().origin(outer);
        return table != null && origin != null && catalogIndex.isPrimary(table, origin.column());
    }

    private @Nullable Relation outerTable(SubLink.Placed placed, Node outer) {
        Origin origin = placed.around().origin(outer);
        return origin == null ? null : catalogIndex.relation(origin.relation());
    }
}
