package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A condition {@code column = constant} or {@code column IN (constants)}.
 *
 * @param column number of the column in its range table entry
 * @param collation oid of the collation by which the condition compares; 0 if the type has none
 * @param columnCollation oid of the column's own collation
 * @param values text forms of the constants
 */
record EqualityPredicate(int column, long collation, long columnCollation, Set<String> values) {

    /** Oids of the operator {@code =} for text, for int2, int4 and int8 in any pair, and for uuid. The server never changes them. */
    private static final Set<Long> OPERATORS = Set.of(98L, 94L, 96L, 410L, 532L, 533L, 15L, 416L, 1862L, 1868L, 2972L);

    /** Types whose values are equal exactly if their text forms are, given a deterministic collation. */
    private static final Set<String> EXACT = Set.of(
            "pg_catalog.text",
            "pg_catalog.varchar",
            "pg_catalog.int2",
            "pg_catalog.int4",
            "pg_catalog.int8",
            "pg_catalog.uuid");

    /**
     * Reads a condition of a query.
     *
     * @param index number of the range table entry that the column must belong to
     * @return empty if the condition is of another form, or a constant cannot be read
     */
    static Optional<EqualityPredicate> of(Node condition, int index) {
        boolean single = condition.label().equals("OPEXPR");
        boolean several = condition.label().equals("SCALARARRAYOPEXPR") && condition.is("useOr", "true");
        List<Part> sides = condition.items("args");
        if ((!single && !several) || sides.size() != 2 || !OPERATORS.contains(condition.number("opno"))) {
            return Optional.empty();
        }
        Node column = column(sides.get(0), index);
        Part constant = sides.get(1);
        if (column == null && single) {
            column = column(sides.get(1), index);
            constant = sides.get(0);
        }
        if (column == null) {
            return Optional.empty();
        }
        List<Part> constants = several ? elements(constant) : List.of(constant);
        Set<String> values = new HashSet<>();
        for (Part part : constants) {
            Optional<String> value = ConstantText.of(part);
            if (value.isEmpty()) {
                return Optional.empty();
            }
            values.add(value.get());
        }
        return constants.isEmpty()
                ? Optional.empty()
                : Optional.of(new EqualityPredicate(
                        (int) column.number("varattno"),
                        condition.number("inputcollid"),
                        column.number("varcollid"),
                        values));
    }

    /** Whether the condition takes two values of the table's column for equal exactly if their text forms are. */
    boolean comparesLikeText(Relation.Column origin) {
        return EXACT.contains(origin.keyType()) && collation == columnCollation;
    }

    /** The VAR node of the column. A cast of varchar, or of a domain, to its base type is skipped: it changes no value. */
    private static @Nullable Node column(Part side, int index) {
        Part inside = side;
        while (inside instanceof Node node
                && node.label().equals("RELABELTYPE")
                && node.all("arg").size() == 1) {
            inside = node.all("arg").getFirst();
        }
        return inside instanceof Node node
                        && node.label().equals("VAR")
                        && node.is("varlevelsup", "0")
                        && node.number("varno") == index
                        && node.number("varattno") > 0
                ? node
                : null;
    }

    private static List<Part> elements(Part array) {
        return array instanceof Node node
                        && (node.label().equals("ARRAYEXPR") || node.label().equals("ARRAY"))
                        && node.is("multidims", "false")
                ? node.items("elements")
                : List.of();
    }
}
