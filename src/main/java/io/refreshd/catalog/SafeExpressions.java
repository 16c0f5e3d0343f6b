package io.refreshd.catalog;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Checks that an expression computes its value from the columns of its own row and from nothing else: no sub-select, no set-returning
 * function, no outer query.
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

    /** What users call the nodes that are refused most often. */
    private static final Map<String, String> WORDS = Map.ofEntries(
            Map.entry("SUBLINK", "a sub-query"),
            Map.entry("AGGREF", "an aggregate"),
            Map.entry("WINDOWFUNC", "a window function"),
            Map.entry("FUNCEXPR", "a set-returning function"),
            Map.entry("VAR", "a column of an outer query"),
            Map.entry("SQLVALUEFUNCTION", "CURRENT_DATE or the like"),
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
    static void check(NodeTree.Part expression) throws UnsupportedQueryException {
        Set<String> refused = new HashSet<>();
        expression.visit(node -> {
            if (!LABELS.contains(node.label())
                    || (node.label().equals("VAR") && !node.is("varlevelsup", "0"))
                    || (node.label().equals("FUNCEXPR") && !node.is("funcretset", "false"))) {
                refused.add(node.label());
            }
        });
        if (!refused.isEmpty()) {
            throw new UnsupportedQueryException(
                    "its query holds an expression that may depend on more than its own row ("
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
}
