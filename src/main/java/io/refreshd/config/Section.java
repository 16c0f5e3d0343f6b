package io.refreshd.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * A mapping of the file, read key by key. What is wrong goes to the problems, and reading goes on with the default, so
 * that one run reports everything.
 */
final class Section {
    /** Turns the text of a value into the value. */
    interface Parser<T> {
        T parse(String text) throws UnfitValue;
    }

    private final String path;
    private final int line;
    private final Problems problems;
    private final Variables variables;
    private final Map<String, Node> values = new LinkedHashMap<>();
    private final Map<String, Integer> lines = new LinkedHashMap<>();

    private Section(String path, int line, Problems problems, Variables variables) {
        this.path = path;
        this.line = line;
        this.problems = problems;
        this.variables = variables;
    }

    static Section root(MappingNode mapping, Problems problems, Variables variables) {
        Section root = new Section("", 1, problems, variables);
        root.readKeys(mapping);
        return root;
    }

    private void readKeys(MappingNode mapping) {
        for (NodeTuple tuple : mapping.getValue()) {
            int at = lineOf(tuple.getKeyNode());
            if (!(tuple.getKeyNode() instanceof ScalarNode scalar)) {
                problems.add(at, path, "a key that is no text", "write key: value");
                continue;
            }
            String key = scalar.getValue();
            Integer first = lines.putIfAbsent(key, at);
            if (first == null) {
                values.put(key, tuple.getValueNode());
            } else {
                problems.add(at, pathOf(key), "duplicate key, first on line " + first, "remove one of the two");
            }
        }
    }

    Set<String> keys() {
        return values.keySet();
    }

    boolean has(Key key) {
        return has(key.leaf());
    }

    boolean has(String leaf) {
        return values.containsKey(leaf);
    }

    /** The value of a key that stands below one of the {@link Key}s, and is no secret. */
    <T> Optional<T> given(String leaf, Parser<T> parser) {
        Node node = values.get(leaf);
        return node == null ? Optional.empty() : scalar(node, pathOf(leaf), false, parser);
    }

    /** A part that may be left out, or left empty: then all its keys have their defaults. */
    Section section(String key) {
        Node node = values.get(key);
        Section section = new Section(pathOf(key), lines.getOrDefault(key, line), problems, variables);
        if (node instanceof MappingNode mapping && isPlain(key, node)) {
            section.readKeys(mapping);
        } else if (node != null && !(node instanceof MappingNode) && !isNull(node)) {
            problems.add(lineOf(node), pathOf(key), "is " + kindOf(node), "write key: value pairs below it");
        }
        return section;
    }

    <T> Optional<T> required(Key key, Parser<T> parser) {
        if (!has(key)) {
            problems.add(line, key.path(), "is missing", "write it; it has no default");
        }
        return given(key, parser);
    }

    /** The value written; empty if there is none, or a wrong one. */
    <T> Optional<T> given(Key key, Parser<T> parser) {
        Node node = values.get(key.leaf());
        return node == null ? Optional.empty() : scalar(node, pathOf(key.leaf()), key.isSecret(), parser);
    }

    <T> T orDefault(Key key, Parser<T> parser) {
        return given(key, parser).orElseGet(() -> fallback(key, parser));
    }

    <T> List<T> list(Key key, Parser<T> parser) {
        return list(key.leaf(), parser);
    }

    <T> List<T> list(String leaf, Parser<T> parser) {
        Node node = values.get(leaf);
        List<T> parsed = new ArrayList<>();
        if (node instanceof SequenceNode sequence && isPlain(leaf, node)) {
            for (int i = 0; i < sequence.getValue().size(); i++) {
                scalar(sequence.getValue().get(i), pathOf(leaf) + "[" + i + "]", false, parser)
                        .ifPresent(parsed::add);
            }
        } else if (node != null && !(node instanceof SequenceNode)) {
            problems.add(lineOf(node), pathOf(leaf), "is " + kindOf(node), "write a list, such as [\"public.*\"]");
        }
        return parsed;
    }

    boolean isEmptyList(Key key) {
        return values.get(key.leaf()) instanceof SequenceNode sequence
                && sequence.getValue().isEmpty();
    }

    private static <T> T fallback(Key key, Parser<T> parser) {
        try {
            return parser.parse(key.fallback().orElseThrow());
        } catch (UnfitValue e) {
            throw new IllegalStateException("the default of " + key.path() + " is wrong: " + e.getMessage(), e);
        }
    }

    private <T> Optional<T> scalar(Node node, String at, boolean secret, Parser<T> parser) {
        if (!(node instanceof ScalarNode scalar) || isNull(node)) {
            problems.add(
                    lineOf(node), at, isNull(node) ? "has no value" : "is " + kindOf(node), "write a single value");
            return Optional.empty();
        }
        if (!isStandard(node)) {
            problems.add(lineOf(node), at, "has a tag", "write the value alone, without !");
            return Optional.empty();
        }
        try {
            return Optional.of(parser.parse(variables.expand(scalar.getValue())));
        } catch (UnfitValue e) {
            problems.add(lineOf(node), at, secret ? Optional.empty() : Optional.of(Urls.redact(scalar.getValue())), e);
            return Optional.empty();
        }
    }

    private boolean isPlain(String key, Node node) {
        if (!isStandard(node)) {
            problems.add(lineOf(node), pathOf(key), "has a tag", "write the value alone, without !");
        }
        return isStandard(node);
    }

    void rejectUnknown(Collection<String> known) {
        for (String key : values.keySet()) {
            if (!known.contains(key)) {
                problems.add(lines.getOrDefault(key, line), pathOf(key), "unknown key", expectedFor(key, known));
            }
        }
    }

    private static String expectedFor(String key, Collection<String> known) {
        return Suggestion.near(key, known)
                .map(near -> "did you mean " + near + "?")
                .or(() -> Suggestion.elsewhere(key).map(right -> "did you mean " + right + "?"))
                .orElseGet(() -> "known are " + String.join(", ", known));
    }

    void problem(Key key, String value, String what, String expected) {
        problems.add(
                lines.getOrDefault(key.leaf(), line),
                pathOf(key.leaf()),
                Optional.of(value),
                new UnfitValue(what, expected));
    }

    void problem(Key key, String what, String expected) {
        problems.add(lines.getOrDefault(key.leaf(), line), pathOf(key.leaf()), what, expected);
    }

    void problem(String key, UnfitValue unfit) {
        problems.add(lines.getOrDefault(key, line), pathOf(key), Optional.empty(), unfit);
    }

    /** Keys that hold dots are patterns, and in brackets, so that a path can be read. */
    private String pathOf(String key) {
        if (path.isEmpty()) {
            return key;
        }
        return key.indexOf('.') >= 0 ? path + "[" + key + "]" : path + "." + key;
    }

    private static int lineOf(Node node) {
        return node.getStartMark().getLine() + 1;
    }

    static boolean isNull(@Nullable Node node) {
        return node != null && node.getTag().equals(Tag.NULL);
    }

    private static boolean isStandard(Node node) {
        return node.getTag().startsWith(Tag.PREFIX);
    }

    private static String kindOf(Node node) {
        return switch (node.getNodeId()) {
            case mapping -> "a mapping";
            case sequence -> "a list";
            case scalar, anchor -> "a single value";
        };
    }
}
