package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.catalog.NodeTree.Token;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes a query so that two queries which say the same have the same text: without names and places, and with the entries of the range
 * table numbered in the order of FROM. Two texts of which one was made from the other are compared so.
 *
 * <p>Failure: queries that say the same may differ here. Queries that say different things never agree.
 */
final class TreeShape {
    /** Fields that do not alter what a query yields, or that say again what others say. */
    private static final Set<String> LEFT_OUT = Set.of(
            "location",
            "stmt_location",
            "stmt_len",
            "list_start",
            "list_end",
            "resname",
            "resorigtbl",
            "resorigcol",
            "alias",
            "eref",
            "varnosyn",
            "varattnosyn",
            "queryId",
            "canSetTag",
            "querySource",
            "rteperminfos",
            "perminfoindex",
            "rtable",
            "relkind",
            "rellockmode",
            "lateral",
            "inFromCl",
            "requiredPerms",
            "checkAsUser",
            "selectedCols",
            "insertedCols",
            "updatedCols",
            "extraUpdatedCols",
            "join_using_alias",
            "joinleftcols",
            "joinrightcols",
            "hasSubLinks",
            "ctecolnames",
            "funcformat",
            "relabelformat",
            "coerceformat",
            "convertformat");

    private final StringBuilder text = new StringBuilder();

    private TreeShape() {}

    static String of(Node query) {
        TreeShape shape = new TreeShape();
        shape.query(query, List.of());
        return shape.text.toString();
    }

    /** @param around how the queries around number their entries, from the inside out */
    private void query(Node query, List<Map<Long, Integer>> around) {
        Map<Long, Integer> numbers = new HashMap<>();
        for (String field : List.of("jointree", "setOperations")) {
            query.all(field).forEach(part -> number(part, numbers));
        }
        List<Map<Long, Integer>> levels = new ArrayList<>(List.of(numbers));
        levels.addAll(around);
        text.append("{QUERY");
        fields(query, levels);
        Map<Integer, Long> inOrder = new TreeMap<>();
        numbers.forEach((index, number) -> inOrder.put(number, index));
        List<Part> entries = query.items("rtable");
        inOrder.values().forEach(index -> {
            text.append(" :entry ");
            if (index >= 1 && index <= entries.size()) {
                part(entries.get((int) (index - 1)), levels);
            }
        });
        text.append('}');
    }

    /** Joins have a number too: merged columns refer to it. A sub-query in a condition has a range table of its own. */
    private static void number(Part part, Map<Long, Integer> numbers) {
        switch (part) {
            case Node node when node.label().equals("QUERY") -> {}
            case Node node -> {
                if (node.label().equals("RANGETBLREF") || node.label().equals("JOINEXPR")) {
                    numbers.putIfAbsent(node.number("rtindex"), numbers.size() + 1);
                }
                List.of("fromlist", "larg", "rarg")
                        .forEach(field -> node.all(field).forEach(inside -> number(inside, numbers)));
            }
            case Items items -> items.parts().forEach(inside -> number(inside, numbers));
            case Token token -> {
                // Refers to nothing.
            }
        }
    }

    private void fields(Node node, List<Map<Long, Integer>> levels) {
        new TreeMap<>(node.fields()).forEach((name, field) -> {
            if (!LEFT_OUT.contains(name)) {
                text.append(" :").append(name);
                field.forEach(part -> {
                    text.append(' ');
                    part(part, levels);
                });
            }
        });
    }

    private void part(Part part, List<Map<Long, Integer>> levels) {
        switch (part) {
            case Token token -> text.append(token.text());
            case Items items -> {
                text.append('(');
                items.parts().forEach(item -> {
                    part(item, levels);
                    text.append(' ');
                });
                text.append(')');
            }
            case Node node when node.label().equals("QUERY") -> query(node, levels);
            case Node node -> {
                text.append('{').append(node.label());
                numbered(node, levels);
                text.append('}');
            }
        }
    }

    private void numbered(Node node, List<Map<Long, Integer>> levels) {
        String field = switch (node.label()) {
            case "VAR" -> "varno";
            case "RANGETBLREF", "JOINEXPR" -> "rtindex";
            default -> "";
        };
        if (field.isEmpty()) {
            fields(node, levels);
            return;
        }
        int level = node.label().equals("VAR") ? (int) node.number("varlevelsup") : 0;
        Map<Long, Integer> numbers = level >= 0 && level < levels.size() ? levels.get(level) : Map.of();
        Map<String, List<Part>> renumbered = new HashMap<>(node.fields());
        // What FROM does not join keeps its number, and differs from what it does.
        Integer number = numbers.get(node.number(field));
        renumbered.put(field, List.of(new Token(number == null ? "?" + node.number(field) : String.valueOf(number))));
        fields(new Node(node.label(), renumbered), levels);
    }
}
