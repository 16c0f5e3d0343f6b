package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.catalog.SubQueryJoins.Inner;
import io.refreshd.catalog.SubQueryJoins.Outer;
import io.refreshd.catalog.SubQueryJoins.Value;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One of the queries that {@link SubQueryJoins} visits. Tells what its VAR nodes refer to.
 *
 * @param around the query to whose columns it may refer; null for a plain view, and for the sub-query itself
 * @param outermost whether it is the sub-query itself
 * @param tables for entries of the range table: the number of the read
 * @param inside for entries of the range table: the query of the plain view or sub-select
 */
record QueryScope(
        Node query,
        @Nullable QueryScope around,
        boolean outermost,
        RangeTable rangeTable,
        Map<Integer, Integer> tables,
        Map<Integer, QueryScope> inside) {

    QueryScope(Node query, @Nullable QueryScope around, boolean outermost, CatalogIndex catalogIndex) {
        this(query, around, outermost, new RangeTable(query, catalogIndex), new HashMap<>(), new HashMap<>());
    }

    /** The column of a read that a VAR node of this query is, where plain views and sub-selects show it unaltered. */
    Optional<Inner> own(Node variable) {
        if (!variable.is("varlevelsup", "0")) {
            return Optional.empty();
        }
        QueryScope within = inside.get((int) variable.number("varno"));
        Node shown = within == null ? null : within.shown(variable.number("varattno"));
        return shown == null ? read(variable) : Objects.requireNonNull(within).own(shown);
    }

    /** What a VAR node of this query is: a column of a read, here or in a query around, or one of the outer query. */
    Optional<Value> value(Node variable) {
        QueryScope at = this;
        for (long levels = variable.number("varlevelsup"); levels > 0; levels--) {
            if (at.around == null) {
                return at.outermost && levels == 1 ? Optional.of(new Outer(variable)) : Optional.empty();
            }
            at = at.around;
        }
        QueryScope within = at.inside.get((int) variable.number("varno"));
        Node shown = within == null ? null : within.shown(variable.number("varattno"));
        return shown == null
                ? at.read(variable).map(column -> column)
                : Objects.requireNonNull(within).value(shown);
    }

    private Optional<Inner> read(Node variable) {
        int column = (int) variable.number("varattno");
        // Not of the whole row, nor of a system column.
        return column < 1
                ? Optional.empty()
                : Optional.ofNullable(tables.get((int) variable.number("varno")))
                        .map(read -> new Inner(read, column));
    }

    /** The VAR node that an output column is; null if it is anything else, or rows do not come out one by one. */
    @Nullable Node shown(long number) {
        if (!DiscriminatorAnalysis.isTransparent(query)) {
            return null;
        }
        for (Part part : query.items("targetList")) {
            if (part instanceof Node target
                    && target.number("resno") == number
                    && target.all("expr").size() == 1
                    && target.all("expr").getFirst() instanceof Node shown
                    && shown.label().equals("VAR")) {
                return shown;
            }
        }
        return null;
    }
}
