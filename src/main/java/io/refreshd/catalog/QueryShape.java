package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Names what makes a query more than a select of joined tables, in the words of SQL. */
final class QueryShape {
    static final String WITH = "WITH (of a query that is MATERIALIZED or not read exactly once)";
    static final String RECURSIVE = "WITH RECURSIVE";
    static final String GROUPING_SETS = "GROUPING SETS, ROLLUP or CUBE";
    static final String SET_RETURNING = "a set-returning function among its columns";
    static final String MODIFYING_WITH = "WITH of a statement that writes";
    static final String OFFSET = "OFFSET";
    static final String LIMIT = "LIMIT";
    static final String ROW_LOCKS = "FOR UPDATE or FOR SHARE";
    static final String SET_OPERATION = "UNION, INTERSECT or EXCEPT";

    /** Flags of the query node that are false in a select-project-join query. */
    private static final Map<String, String> FLAGS = new LinkedHashMap<>();

    /** Clauses of the query node that a select-project-join query does not have. */
    private static final Map<String, String> CLAUSES = new LinkedHashMap<>();

    static {
        FLAGS.put("hasAggs", "an aggregate");
        FLAGS.put("hasWindowFuncs", "a window function");
        FLAGS.put("hasTargetSRFs", SET_RETURNING);
        FLAGS.put("hasDistinctOn", "DISTINCT ON");
        FLAGS.put("hasRecursive", RECURSIVE);
        FLAGS.put("hasModifyingCTE", MODIFYING_WITH);
        CLAUSES.put("cteList", WITH);
        CLAUSES.put("groupClause", "GROUP BY");
        CLAUSES.put("groupingSets", GROUPING_SETS);
        CLAUSES.put("havingQual", "HAVING");
        CLAUSES.put("windowClause", "a window function");
        CLAUSES.put("distinctClause", "DISTINCT");
        CLAUSES.put("limitOffset", OFFSET);
        CLAUSES.put("limitCount", LIMIT);
        CLAUSES.put("rowMarks", ROW_LOCKS);
        CLAUSES.put("setOperations", SET_OPERATION);
    }

    private QueryShape() {}

    /**
     * @param name what people call the query
     * @throws UnsupportedQueryException if the query has anything besides joins, conditions and computed columns
     */
    static void requirePlainSelect(Node query, String name, QueryPurpose purpose) throws UnsupportedQueryException {
        List<String> more = new ArrayList<>(beyondJoins(query));
        if (purpose != QueryPurpose.COMPARED) {
            // Each row becomes as many as the function returns for it.
            more.remove(SET_RETURNING);
        }
        if (WithClauses.areReadOnce(query) || more.contains(RECURSIVE)) {
            more.remove(WITH);
        }
        if (!more.isEmpty()) {
            throw new UnsupportedQueryException(
                    name + ": this is no plain select of joined tables; it has " + list(more));
        }
    }

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

    /** Whether a query does more than join, or is not understood; a function that returns several rows for one row makes no groups. */
    static boolean isGrouped(Node query) {
        List<String> beyond = new ArrayList<>(beyondJoins(query));
        beyond.removeAll(List.of(WITH, SET_RETURNING));
        return !beyond.isEmpty();
    }

    /** Whether the query joins both ways, here or in a sub-select. */
    static boolean hasFullJoin(Node query) {
        boolean[] found = new boolean[1];
        query.visit(node -> found[0] |= node.label().equals("JOINEXPR") && node.is("jointype", "2"));
        return found[0];
    }

    /** What an entry of FROM is, for people, that is neither a table nor a view nor a sub-select. */
    static String inFrom(Optional<Node> entry, String name) {
        // The server's RTEKind.
        return switch (entry.map(node -> (int) node.number("rtekind")).orElse(-1)) {
            case 3 -> "the rows of a function, " + name + ", in FROM";
            case 4 -> "the rows of JSON_TABLE or XMLTABLE, " + name + ", in FROM";
            case 5 -> "a list of VALUES";
            case 6 -> "the recursive query " + name + " of WITH";
            default -> name + ", which is no table";
        };
    }

    /** "A", "A and B", "A, B and C". */
    static String list(List<String> words) {
        int last = words.size() - 1;
        return last < 1
                ? String.join("", words)
                : String.join(", ", words.subList(0, last)) + " and " + words.get(last);
    }
}
