package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the queries of a view read the clock. An incremental view may compare columns of tables with bounds that move with time.
 *
 * <p>Invariant: such a comparison is a function of one row and of the bound, wherever it stands in the query. So when the bound moves, it
 * is as if the rows had changed for which the comparison gives another result. They are found in the table, and are carried through like
 * changed rows.
 *
 * @param comparisons the comparisons of columns with bounds
 * @param obstacle the first use of the clock of another kind; empty if there is none
 */
record ClockUse(Set<Comparison> comparisons, Optional<Obstacle> obstacle) {
    private static final String THE_CLOCK = "the clock (now(), CURRENT_DATE or the like)";

    /** A comparison of a table's column with a bound. */
    record Comparison(
            Relation table, Relation.Column column, ClockFunctions.Comparison by, boolean columnFirst, String bound) {}

    /** Whether all uses of the clock are such comparisons, and there is one. */
    boolean isCarried() {
        return obstacle.isEmpty() && !comparisons.isEmpty();
    }

    static ClockUse of(ViewSources sources, CatalogIndex catalogIndex) {
        Walk walk = new Walk(catalogIndex);
        for (Rule rule : sources.rules()) {
            boolean reads = rule.traits().contains(Rule.Trait.CLOCK)
                    || rule.functions().stream().anyMatch(ClockFunctions::readsClock);
            if (!reads) {
                continue;
            }
            Relation relation = catalogIndex.relation(rule.relation());
            Optional<Node> query = relation == null ? Optional.empty() : catalogIndex.query(relation);
            boolean visible = query.isPresent() && ClockExpression.readsClock(query.get());
            if (visible) {
                walk.visit(query.get(), null);
            } else {
                walk.refuse("reads " + THE_CLOCK + " in a query that could not be looked into", Remedy.NONE);
            }
        }
        return new ClockUse(walk.found, Optional.ofNullable(walk.obstacle));
    }

    /** One walk through the trees of the queries. */
    private static final class Walk {
        private final CatalogIndex catalogIndex;
        private final Set<Comparison> found = new LinkedHashSet<>();
        private @Nullable Obstacle obstacle;

        Walk(CatalogIndex catalogIndex) {
            this.catalogIndex = catalogIndex;
        }

        void refuse(String what, Remedy remedy) {
            if (obstacle == null) {
                obstacle = new Obstacle(what, remedy);
            }
        }

        void visit(Part part, @Nullable ColumnSource scope) {
            if (part instanceof Items items) {
                items.parts().forEach(one -> visit(one, scope));
            } else if (part instanceof Node node
                    && !(scope != null && node.label().equals("OPEXPR") && compares(node, scope))) {
                if (ClockExpression.isClock(node)) {
                    refuse(
                            "reads " + THE_CLOCK + " elsewhere than in a comparison with a column of a table",
                            Remedy.text("put what is computed from the time into a plain view over this one"));
                }
                ColumnSource inside =
                        node.label().equals("QUERY") ? new ColumnSource(node, scope, catalogIndex) : scope;
                node.fields().values().forEach(field -> field.forEach(one -> visit(one, inside)));
            }
        }

        /** Whether the node compares something with a bound, so that nothing need be visited inside of it. */
        private boolean compares(Node node, ColumnSource scope) {
            Optional<ClockFunctions.Comparison> by = ClockFunctions.comparison(node.number("opfuncid"));
            List<Part> sides = node.items("args");
            if (by.isEmpty() || sides.size() != 2) {
                return false;
            }
            boolean columnFirst = ClockExpression.readsClock(sides.get(1));
            if (columnFirst == ClockExpression.readsClock(sides.get(0))) {
                return false;
            }
            Optional<String> bound = ClockExpression.sql(sides.get(columnFirst ? 1 : 0));
            if (bound.isEmpty()) {
                refuse(
                        "compares with a bound that is computed from " + THE_CLOCK
                                + " by other means than built-in arithmetic on dates and times with constants",
                        Remedy.text("write the bound as in now() - interval '30 days' or date_trunc('day', now())"));
                return true;
            }
            Optional<ColumnSource.Found> column = scope.of(sides.get(columnFirst ? 0 : 1));
            if (column.isEmpty()) {
                refuse(
                        "compares " + THE_CLOCK + " with something else than a column of a table",
                        Remedy.text("compare the column itself, as in at > now() - interval '30 days'"));
                return true;
            }
            Relation table = column.get().table();
            Optional<Obstacle> unreadable = ReadAccess.obstacle(List.of(table), catalogIndex);
            if (unreadable.isPresent()) {
                refuse(unreadable.get().what(), unreadable.get().remedy());
                return true;
            }
            found.add(new Comparison(
                    table, column.get().column(), by.get(), columnFirst, Objects.requireNonNull(bound.get())));
            return true;
        }
    }
}
