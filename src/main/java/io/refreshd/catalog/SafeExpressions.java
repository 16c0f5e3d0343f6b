package io.refreshd.catalog;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Checks that an expression computes its value from the columns of its own row and from nothing else: no set-returning function, no
 * outer query. Sub-queries are left to {@link SubQueryReads}.
 */
final class SafeExpressions {
    /** The node labels that are allowed; any other label is refused. Some have two spellings, since PostgreSQL 16 renamed them. */
    private static final Set<String> LABELS = Set.of(
            "VAR",
            "CONST",
            "OPEXPR",
            "FUNCEXPR",
            "BOOLEXPR",
            "NULLTEST",
            "BOOLEANTEST",
            "COALESCE",
            "COALESCEEXPR",
            "CASE",
            "CASEEXPR",
            "WHEN",
            "CASEWHEN",
            "CASETESTEXPR",
            "RELABELTYPE",
            "COERCEVIAIO",
            "DISTINCTEXPR",
            "NULLIFEXPR",
            "SCALARARRAYOPEXPR",
            "ARRAY",
            "ARRAYEXPR",
            "MINMAX",
            "MINMAXEXPR",
            "TARGETENTRY");

    /** Labels that are allowed besides where rows are not compared. */
    private static final Set<String> UNLESS_COMPARED = Set.of(
            "SUBSCRIPTINGREF",
            "FIELDSELECT",
            "ROW",
            "ROWEXPR",
            "ROWCOMPARE",
            "ROWCOMPAREEXPR",
            "ARRAYCOERCEEXPR",
            "COERCETODOMAIN",
            "COLLATE",
            "COLLATEEXPR");

    /** What users call the nodes that are refused most often. */
    private static final Map<String, String> WORDS = Map.ofEntries(
            Map.entry("AGGREF", "an aggregate"),
            Map.entry("WINDOWFUNC", "a window function"),
            Map.entry("FUNCEXPR", "a set-returning function"),
            Map.entry("VAR", "a column of an outer query"),
            Map.entry("SQLVALUEFUNCTION", "CURRENT_USER, CURRENT_DATE or the like"),
            Map.entry("SUBSCRIPTINGREF", "an element of an array"),
            Map.entry("FIELDSELECT", "a field of a row"),
            Map.entry("ROW", "a row"),
            Map.entry("ROWEXPR", "a row"),
            Map.entry("ROWCOMPARE", "a comparison of rows"),
            Map.entry("ROWCOMPAREEXPR", "a comparison of rows"),
            Map.entry("ARRAYCOERCEEXPR", "a cast of an array"),
            Map.entry("COERCETODOMAIN", "a cast to a domain"),
            Map.entry("COLLATE", "COLLATE"),
            Map.entry("COLLATEEXPR", "COLLATE"),
            Map.entry("JSONEXPR", "an SQL/JSON function"),
            Map.entry("JSONCONSTRUCTOREXPR", "an SQL/JSON function"),
            Map.entry("XMLEXPR", "an XML function"));

    private SafeExpressions() {}

    /** @throws UnsupportedQueryException if the expression holds any other node */
    static void check(NodeTree.Part expression, QueryPurpose purpose) throws UnsupportedQueryException {
        check(expression, purpose, false);
    }

    /** Likewise of an expression of a column, which may hold functions that return several rows unless rows are compared. */
    static void checkColumn(NodeTree.Part expression, QueryPurpose purpose) throws UnsupportedQueryException {
        check(expression, purpose, purpose != QueryPurpose.COMPARED);
    }

    private static void check(NodeTree.Part expression, QueryPurpose purpose, boolean sets)
            throws UnsupportedQueryException {
        Set<String> refused = new HashSet<>();
        collect(expression, purpose, sets, refused);
        if (!refused.isEmpty()) {
            throw new UnsupportedQueryException(
                    "its query holds an expression that is not known to depend on its own row alone ("
                            + refused.stream()
                                    .map(label -> WORDS.getOrDefault(label, ""))
                                    .filter(words -> !words.isEmpty())
                                    .distinct()
                                    .sorted()
                                    .reduce((a, b) -> a + ", " + b)
                                    .orElse("of a kind that is not understood")
                            + ")");
        }
    }

    /** Whether nothing speaks against the node itself, columns of outer queries apart. */
    static boolean isAllowed(NodeTree.Node node) {
        return switch (node.label()) {
            case "SUBLINK" -> true;
            // Stands for a column of the sub-query, in the comparison of IN.
            case "PARAM" -> node.is("paramkind", "2");
            case "FUNCEXPR" -> node.is("funcretset", "false");
            // Whether the clock is followed is decided elsewhere, as for now(); see ClockUse.
            case "SQLVALUEFUNCTION" -> ClockExpression.isClock(node);
            default -> LABELS.contains(node.label());
        };
    }

    static boolean isAllowed(NodeTree.Node node, QueryPurpose purpose) {
        return isAllowed(node) || (purpose != QueryPurpose.COMPARED && UNLESS_COMPARED.contains(node.label()));
    }

    private static void collect(NodeTree.Part part, QueryPurpose purpose, boolean sets, Set<String> refused) {
        if (part instanceof NodeTree.Items items) {
            items.parts().forEach(item -> collect(item, purpose, sets, refused));
        } else if (part instanceof NodeTree.Node node) {
            if (!(isAllowed(node, purpose) || (sets && node.label().equals("FUNCEXPR")))
                    || (node.label().equals("VAR") && !node.is("varlevelsup", "0"))) {
                refused.add(node.label());
            }
            node.fields().forEach((name, field) -> {
                if (!(node.label().equals("SUBLINK") && name.equals("subselect"))) {
                    field.forEach(inside -> collect(inside, purpose, sets, refused));
                }
            });
        }
    }
}
