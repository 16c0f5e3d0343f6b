package io.refreshd.catalog;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The text form of a query tree ({@code pg_node_tree}), as the server stores it. Words are kept as they stand there, escapes
 * included; nobody here looks at names. Pure.
 */
final class NodeTree {
    private final String text;
    private int at;

    private NodeTree(String text) {
        this.text = text;
    }

    /** A part of a tree. */
    sealed interface Part permits Node, Items, Word {
        default void visit(Consumer<Node> visitor) {
            switch (this) {
                case Node node -> {
                    visitor.accept(node);
                    node.fields().values().forEach(field -> field.forEach(part -> part.visit(visitor)));
                }
                case Items items -> items.parts().forEach(part -> part.visit(visitor));
                case Word word -> {
                    // A leaf.
                }
            }
        }
    }

    /** @param fields what stands behind each of its fields: mostly one part, of a constant several words */
    record Node(String label, Map<String, List<Part>> fields) implements Part {
        List<Part> all(String field) {
            return fields.getOrDefault(field, List.of());
        }

        /** Whether the field holds just this word; false too if there is no such field. */
        boolean is(String field, String word) {
            return all(field).equals(List.of(new Word(word)));
        }

        boolean none(String field) {
            return is(field, "<>");
        }

        /** A number that is not there is none that means anything: -1. */
        long number(String field) {
            return all(field).size() == 1
                            && all(field).getFirst() instanceof Word(String word)
                            && word.matches("-?[0-9]{1,18}")
                    ? Long.parseLong(word)
                    : -1;
        }

        List<Part> items(String field) {
            return all(field).size() == 1 && all(field).getFirst() instanceof Items items ? items.parts() : List.of();
        }
    }

    record Items(List<Part> parts) implements Part {}

    record Word(String text) implements Part {}

    /** The one query that the action of a rule consists of; empty if it is something else, or in a form not known here. */
    static Optional<Node> query(String action) {
        try {
            return parse(action) instanceof Items(List<Part> parts)
                            && parts.size() == 1
                            && parts.getFirst() instanceof Node query
                            && query.label().equals("QUERY")
                    ? Optional.of(query)
                    : Optional.empty();
        } catch (IllegalArgumentException garbled) {
            return Optional.empty();
        }
    }

    /** @throws IllegalArgumentException if it is not what was expected */
    static Part parse(String text) {
        NodeTree tree = new NodeTree(text);
        return tree.part(tree.token());
    }

    private Part part(String token) {
        return switch (token) {
            case "(" -> {
                List<Part> parts = new ArrayList<>();
                for (String next = token(); !next.equals(")"); next = token()) {
                    parts.add(part(next));
                }
                yield new Items(parts);
            }
            case "{" -> node();
            default -> new Word(token);
        };
    }

    private Node node() {
        String label = token();
        Map<String, List<Part>> fields = new HashMap<>();
        List<Part> field = new ArrayList<>();
        for (String next = token(); !next.equals("}"); next = token()) {
            if (next.startsWith(":")) {
                field = new ArrayList<>();
                // A name may look like a field; then the real field stands elsewhere too, and the name makes it empty
                // or
                // comes second.
                fields.putIfAbsent(next.substring(1), field);
            } else {
                field.add(part(next));
            }
        }
        return new Node(label, fields);
    }

    private String token() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        if (at >= text.length()) {
            throw new IllegalArgumentException("a query tree that ends too soon");
        }
        int start = at;
        if (bracket(text.charAt(at))) {
            at++;
            return text.substring(start, at);
        }
        while (at < text.length() && !bracket(text.charAt(at)) && !Character.isWhitespace(text.charAt(at))) {
            at += text.charAt(at) == '\\' ? 2 : 1;
        }
        return text.substring(start, Math.min(at, text.length()));
    }

    private static boolean bracket(char c) {
        return c == '(' || c == ')' || c == '{' || c == '}';
    }
}
