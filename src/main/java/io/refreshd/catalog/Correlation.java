package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * An equality by which a sub-query in an expression takes rows of a table: those whose column has the value of a column of the outer
 * query's row.
 *
 * <p>A row of the table with another value, or with NULL, might as well not exist for that outer row. It does not pass the sub-query's
 * WHERE, nor does a row with NULLs that an outer join makes in its place. For IN it is no match. Where NULL and false make a difference,
 * a row that is no match counts as well: NULL among the rows, or NULL as the outer value, makes IN neither true nor false. So there
 * IN needs columns of primary keys on both sides, which hold no NULL, and a sub-query that reads the table alone.
 *
 * @param outer the VAR node of the outer query's column
 * @param column the column of the table
 * @param operator oid of the operator that compares both
 * @param collationFits whether the operator compares by the collation of one of the columns
 */
record Correlation(Node outer, Relation.Column column, long operator, boolean collationFits) {

    /** What is compared: a column of the sub-query, and one of the outer query. */
    private record Sides(Node inner, Node outer, Node operator) {}

    /**
     * The equalities by which the sub-query takes rows of the table.
     *
     * @param outerKey whether a column of the outer query, as a VAR node, belongs to a primary key
     */
    static List<Correlation> of(SubLink subLink, Relation table, CatalogIndex catalogIndex, Predicate<Node> outerKey) {
        Node query = subLink.query();
        RangeTable rangeTable = new RangeTable(query, catalogIndex);
        DiscriminatorAnalysis columns = new DiscriminatorAnalysis(catalogIndex);
        List<Correlation> found = new ArrayList<>();
        if (query.isNull("setOperations")) {
            for (Node condition : RequiredConditions.of(query)) {
                for (Sides sides : sides(condition, "1")) {
                    column(columns, rangeTable, sides.inner(), table)
                            .ifPresent(column -> found.add(correlation(sides, column)));
                }
            }
        }
        if (subLink.comparison().isPresent() && DiscriminatorAnalysis.isTransparent(query)) {
            for (Sides sides : ofIn(subLink.comparison().get(), query)) {
                column(columns, rangeTable, sides.inner(), table)
                        .filter(column -> subLink.onlyTruth()
                                || (outerKey.test(sides.outer())
                                        && readsAlone(query, rangeTable, table, catalogIndex)
                                        && isPrimary(catalogIndex, table, column.number())))
                        .ifPresent(column -> found.add(correlation(sides, column)));
            }
        }
        return found;
    }

    /** Whether the column belongs to the primary key, so that it holds no NULL. */
    static boolean isPrimary(CatalogIndex catalogIndex, Relation table, int column) {
        return catalogIndex.indexesOf(table).stream()
                .anyMatch(index -> index.is(Index.Trait.PRIMARY)
                        && index.is(Index.Trait.VALID)
                        && index.columns().contains(column));
    }

    private static boolean readsAlone(Node query, RangeTable rangeTable, Relation table, CatalogIndex catalogIndex) {
        List<Part> from =
                query.all("jointree").size() == 1 && query.all("jointree").getFirst() instanceof Node jointree
                        ? jointree.items("fromlist")
                        : List.of();
        if (from.size() != 1 || !(from.getFirst() instanceof Node reference)) {
            return false;
        }
        Relation read =
                reference.label().equals("RANGETBLREF") ? rangeTable.relation((int) reference.number("rtindex")) : null;
        return read != null && catalogIndex.selfAndAncestorsOf(table).contains(read.oid());
    }

    private static Optional<Relation.Column> column(
            DiscriminatorAnalysis columns, RangeTable rangeTable, Node inner, Relation table) {
        return columns.column(rangeTable, (int) inner.number("varno"), (int) inner.number("varattno"), table, 0);
    }

    private static Correlation correlation(Sides sides, Relation.Column column) {
        long collation = sides.operator().number("inputcollid");
        return new Correlation(
                sides.outer(),
                column,
                sides.operator().number("opno"),
                collation == sides.inner().number("varcollid")
                        || collation == sides.outer().number("varcollid"));
    }

    /** @param outerLevel how many queries out the outer column is */
    private static List<Sides> sides(Node condition, String outerLevel) {
        List<Part> args = condition.items("args");
        List<Sides> found = new ArrayList<>();
        if (condition.label().equals("OPEXPR") && args.size() == 2) {
            Node left = variable(args.get(0));
            Node right = variable(args.get(1));
            if (left != null && right != null) {
                if (left.is("varlevelsup", "0") && right.is("varlevelsup", outerLevel)) {
                    found.add(new Sides(left, right, condition));
                } else if (right.is("varlevelsup", "0") && left.is("varlevelsup", outerLevel)) {
                    found.add(new Sides(right, left, condition));
                }
            }
        }
        return found;
    }

    /** The comparisons of IN: {@code outer = parameter}, where the parameter stands for a column of the sub-query. */
    private static List<Sides> ofIn(Node comparison, Node query) {
        List<Sides> found = new ArrayList<>();
        if (comparison.label().equals("BOOLEXPR") && comparison.is("boolop", "and")) {
            for (Part part : comparison.items("args")) {
                if (part instanceof Node node) {
                    found.addAll(ofIn(node, query));
                }
            }
            return found;
        }
        List<Part> args = comparison.items("args");
        if (comparison.label().equals("OPEXPR") && args.size() == 2) {
            Node outer = variable(args.get(0));
            if (outer != null
                    && outer.is("varlevelsup", "0")
                    && bare(args.get(1)) instanceof Node parameter
                    && parameter.label().equals("PARAM")
                    && parameter.is("paramkind", "2")) {
                shown(query, parameter.number("paramid"))
                        .ifPresent(inner -> found.add(new Sides(inner, outer, comparison)));
            }
        }
        return found;
    }

    private static Optional<Node> shown(Node query, long number) {
        for (Part part : query.items("targetList")) {
            if (part instanceof Node target
                    && target.number("resno") == number
                    && target.all("expr").size() == 1
                    && target.all("expr").getFirst() instanceof Node variable
                    && variable.label().equals("VAR")
                    && variable.is("varlevelsup", "0")) {
                return Optional.of(variable);
            }
        }
        return Optional.empty();
    }

    private static @Nullable Node variable(Part part) {
        return bare(part) instanceof Node node && node.label().equals("VAR") ? node : null;
    }

    /** Without casts of varchar or a domain to the base type, which change no value. */
    static Part bare(Part part) {
        Part inside = part;
        while (inside instanceof Node node
                && node.label().equals("RELABELTYPE")
                && node.all("arg").size() == 1) {
            inside = node.all("arg").getFirst();
        }
        return inside;
    }
}
