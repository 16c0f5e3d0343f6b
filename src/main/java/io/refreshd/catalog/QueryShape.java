package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Names what makes a query more than a select of joined tables, in the words of SQL. */
final class QueryShape {
    static final String WITH = "WITH";

    /** Flags of the query node that are false in a select-project-join query. */
    private static final Map<String, String> FLAGS = new LinkedHashMap<>();

    /** Clauses of the query node that a select-project-join query does not have. */
    private static final Map<String, String> CLAUSES = new LinkedHashMap<>();

    static {
        FLAGS.put("hasAggs", "an aggregate");
        FLAGS.put("hasWindowFuncs", "a window function");
        FLAGS.put("hasTargetSRFs", "a set-returning function among its columns");
        FLAGS.put("hasDistinctOn", "DISTINCT ON");
        FLAGS.put("hasRecursive", "WITH RECURSIVE");
        FLAGS.put("hasModifyingCTE", "WITH of a statement that writes");
        CLAUSES.put("cteList", WITH);
        CLAUSES.put("groupClause", "GROUP BY");
        CLAUSES.put("groupingSets", "GROUPING SETS");
        CLAUSES.put("havingQual", "HAVING");
        CLAUSES.put("windowClause", "a window function");
        CLAUSES.put("distinctClause", "DISTINCT");
        CLAUSES.put("limitOffset", "OFFSET");
        CLAUSES.put("limitCount", "LIMIT");
        CLAUSES.put("rowMarks", "FOR UPDATE or FOR SHARE");
        CLAUSES.put("setOperations", "UNION, INTERSECT or EXCEPT");
    }

    private QueryShape() {}

    /** Everything that the query has besides joins, conditions and computed columns; none for a select-project-join query. */
    static List<String> beyondJoins(Node query) {
        List<String> found = new ArrayList<>();
        FLAGS.forEach((flag, words) -> {
            if (!query.is(flag, "false")) {
                found.add(words);
            }
        });
        CLAUSES.forEach((clause, words) -> {
            if (!query.isNull(clause)) {
                found.add(words);
            }
        });
        // DISTINCT ON has both a flag and a clause, and a window function too.
        if (found.contains("DISTINCT ON")) {
            found.remove("DISTINCT");
        }
        return found.stream().distinct().toList();
    }

    /** "A", "A and B", "A, B and C". */
    static String list(List<String> words) {
        int last = words.size() - 1;
        return last < 1
                ? String.join("", words)
                : String.join(", ", words.subList(0, last)) + " and " + words.get(last);
    }
}
