package io.refreshd.catalog;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Parses the text form of a query tree, {@code pg_node_tree}, in which the server stores the queries of views.
 *
 * <p>Tokens keep their escapes: only labels, numbers and flags are ever looked at, no names.
 *
 * <p>Invariant: a tree is at most {@link #DEEPEST} deep. Whoever may create a view decides how deep its query is.
 */
final class NodeTree {
    /**
     * Most brackets around a part. Parser and analysis call themselves once or twice for each, and their threads have small stacks. An
     * expression of a hundred nested operators has two hundred.
     */
    static final int DEEPEST = 250;

    private final String text;
    private int at;
    private int depth;

    private NodeTree(String text) {
        this.text = text;
    }

    /** A part of a tree: a node in braces, a list in parentheses, or a token. */
    sealed interface Part permits Node, Items, Token {
        /** Calls the visitor with each node of this part, from the root down. */
        default void visit(Consumer<Node> visitor) {
            switch (this) {
                case Node node -> {
                    visitor.accept(node);
                    node.fields().values().forEach(field -> field.forEach(part -> part.visit(visitor)));
                }
                case Items items -> items.parts().forEach(part -> part.visit(visitor));
                case Token token -> {
                    // A leaf holds no node.
                }
            }
        }
    }

    /**
     * A node of the tree, such as a query or an expression.
     *
     * @param fields the parts behind each field name: mostly one part, several tokens for the bytes of a constant
     */
    record Node(String label, Map<String, List<Part>> fields) implements Part {
        List<Part> all(String field) {
            return fields.getOrDefault(field, List.of());
        }

        /** Whether the field holds this one token; false also if there is no such field. */
        boolean is(String field, String token) {
            return all(field).equals(List.of(new Token(token)));
        }

        /** Whether the field holds a null pointer or an empty list, both of which the server writes as {@code <>}. */
        boolean isNull(String field) {
            return is(field, "<>");
        }

        /** The number in the field, or -1 if there is none; -1 is no valid oid, index or column. */
        long number(String field) {
            return all(field).size() == 1
                            && all(field).getFirst() instanceof Token(String token)
                            && token.matches("-?[0-9]{1,18}")
                    ? Long.parseLong(token)
                    : -1;
        }

        /** The elements of the list in the field; none if the field holds no list. */
        List<Part> items(String field) {
            return all(field).size() == 1 && all(field).getFirst() instanceof Items items ? items.parts() : List.of();
        }
    }

    record Items(List<Part> parts) implements Part {}

    record Token(String text) implements Part {}

    /** The expression without casts of varchar or a domain to the base type, which change no value. */
    static Part bare(Part expression) {
        Part inside = expression;
        while (inside instanceof Node node
                && node.label().equals("RELABELTYPE")
                && node.all("arg").size() == 1) {
            inside = node.all("arg").getFirst();
        }
        return inside;
    }

    /** The one query that a rule's action ({@code ev_action}) consists of; empty if it is something else, or cannot be parsed, or is too deep. */
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

    /** @throws IllegalArgumentException if the text ends too soon, or the tree is too deep */
    static Part parse(String text) {
        NodeTree tree = new NodeTree(text);
        return tree.part(tree.token());
    }

    private Part part(String token) {
        depth++;
        if (depth > DEEPEST) {
            throw new IllegalArgumentException("a query tree that is too deep");
        }
        Part part = partOf(token);
        depth--;
        return part;
    }

    private Part partOf(String token) {
        return switch (token) {
            case "(" -> {
                List<Part> parts = new ArrayList<>();
                for (String next = token(); !next.equals(")"); next = token()) {
                    parts.add(part(next));
                }
                yield new Items(parts);
            }
            case "{" -> node();
            default -> new Token(token);
        };
    }

    private Node node() {
        String label = token();
        Map<String, List<Part>> fields = new HashMap<>();
        List<Part> field = new ArrayList<>();
        for (String next = token(); !next.equals("}"); next = token()) {
            if (next.startsWith(":")) {
                field = new ArrayList<>();
                // A name may look like a field. If it comes first, the real field looks empty, and the query is not
                // understood. If it comes second, the real field stays.
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

    /** A part that has to be a node. */
    static Node node(Part part) throws UnsupportedQueryException {
        if (part instanceof Node node) {
            return node;
        }
        throw new UnsupportedQueryException("a query tree of an unknown form");
    }
}
