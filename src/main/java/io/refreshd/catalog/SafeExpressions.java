package io.refreshd.catalog;

import java.util.HashSet;
import java.util.Set;

/** Expressions that compute a value from the columns of their own row and do nothing else. */
final class SafeExpressions {
    /** What an expression may be made of; anything else is in doubt. Two spellings: labels changed with PostgreSQL 16. */
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

    static void check(NodeTree.Part expression) throws QueryShape.Unfit {
        Set<String> odd = new HashSet<>();
        expression.visit(node -> {
            if (!LABELS.contains(node.label())
                    || (node.label().equals("VAR") && !node.is("varlevelsup", "0"))
                    || (node.label().equals("FUNCEXPR") && !node.is("funcretset", "false"))) {
                odd.add(node.label());
            }
        });
        if (!odd.isEmpty()) {
            throw new QueryShape.Unfit(
                    "its query holds an expression that is not known to be harmless (" + String.join(", ", odd) + ")");
        }
    }
}
