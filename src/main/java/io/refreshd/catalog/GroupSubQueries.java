package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.catalog.NodeTree.Token;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.IntUnaryOperator;

/**
 * The sub-queries in columns and HAVING of a grouped query, as sub-queries of whoever reads its output columns.
 *
 * <p>Invariant: a sub-query that is bound by the value of an output column has that value in all rows of the group. Whatever else of the
 * rows it refers to, such as an argument of an aggregate, becomes a column that is not known.
 */
final class GroupSubQueries {
    /** The entry that stands for the grouped query, and what is no output column of it. */
    private static final String GROUPED = "1";

    private final Node query;
    private final SortedMap<Integer, Node> columns;

    /** @param columns the output columns by which rows are grouped, with their expressions over the rows */
    GroupSubQueries(Node query, SortedMap<Integer, Node> columns) {
        this.query = query;
        this.columns = columns;
    }

    List<SubLink> all() throws UnsupportedQueryException {
        List<SubLink> found = new ArrayList<>();
        for (Part target : query.items("targetList")) {
            found.addAll(SubLink.inColumn(target));
        }
        for (Part condition : query.all("havingQual")) {
            found.addAll(SubLink.inCondition(condition, false));
        }
        return found.stream().map(subLink -> renumbered(subLink, this::column)).toList();
    }

    /** The same sub-query where another query shows the columns. @param shown gives the number of its column, 0 if there is none */
    static SubLink through(SubLink subLink, IntUnaryOperator shown) {
        return renumbered(subLink, variable -> shown.applyAsInt((int) variable.number("varattno")));
    }

    private interface Numbers {
        int of(Node variable);
    }

    private static SubLink renumbered(SubLink subLink, Numbers numbers) {
        return new SubLink(
                (Node) renumbered(subLink.query(), 0, numbers),
                subLink.comparison().map(comparison -> (Node) renumbered(comparison, 0, numbers)),
                subLink.onlyTruth(),
                subLink.outer(),
                subLink.notCompared());
    }

    /** @param level how many queries lie between the part and the grouped query */
    private static Part renumbered(Part part, int level, Numbers numbers) {
        return switch (part) {
            case Token token -> token;
            case Items items ->
                new Items(items.parts().stream()
                        .map(item -> renumbered(item, level, numbers))
                        .toList());
            case Node node -> {
                Map<String, List<Part>> fields = new HashMap<>();
                int below = node.label().equals("QUERY") ? level + 1 : level;
                node.fields()
                        .forEach((name, field) -> fields.put(
                                name,
                                field.stream()
                                        .map(inside -> renumbered(inside, below, numbers))
                                        .toList()));
                if (node.label().equals("VAR") && node.number("varlevelsup") == level) {
                    fields.put("varno", List.of(new Token(GROUPED)));
                    fields.put("varattno", List.of(new Token(String.valueOf(numbers.of(node)))));
                }
                yield new Node(node.label(), fields);
            }
        };
    }

    /** The number of the output column that shows a column of the rows; 0 if there is none. */
    private int column(Node variable) {
        Optional<Node> grouped = GroupKey.grouped(query, variable);
        return columns.entrySet().stream()
                .filter(column -> isSame(column.getValue(), grouped.orElse(variable)))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(0);
    }

    private static boolean isSame(Node expression, Node variable) {
        return expression.label().equals("VAR")
                && variable.label().equals("VAR")
                && expression.number("varno") == variable.number("varno")
                && expression.number("varattno") == variable.number("varattno");
    }
}
