package io.refreshd.catalog;

import java.util.HashSet;
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
                            + String.join(", ", refused) + ")");
        }
    }
}
