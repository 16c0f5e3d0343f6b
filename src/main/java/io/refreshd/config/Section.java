package io.refreshd.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * A YAML mapping of the file, from which values are read key by key.
 *
 * <p>Failure: an invalid value is recorded in {@link Problems}, and reading goes on with the default, so that one run reports
 * all problems.
 */
final class Section {
    /** Converts the text of a value into the value. */
    interface Parser<T> {
        T parse(String text) throws InvalidValueException;
    }

    /** @param line line of the key */
    private record Entry(Node value, int line) {}

    private static final String GROUPS = "[[public.orders, public.totals]]";

    private final String path;
    private final int line;
    private final Problems problems;
    private final Variables variables;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

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
                problems.add(at, path, "a key that is not text", "write key: value");
                continue;
            }
            String key = scalar.getValue();
            Entry first = entries.putIfAbsent(key, new Entry(tuple.getValueNode(), at));
            if (first != null) {
                problems.add(at, pathOf(key), "duplicate key, first on line " + first.line(), "remove one of the two");
            }
        }
    }

    Set<String> keys() {
        return entries.keySet();
    }

    boolean has(Key key) {
        return has(key.leaf());
    }

    boolean has(String leaf) {
        return entries.containsKey(leaf);
    }

    /** The mapping below a key. If it is absent or empty, all its keys have their defaults. */
    Section section(String key) {
        Node node = node(key);
        Section section = new Section(pathOf(key), lineOf(key), problems, variables);
        if (node instanceof MappingNode mapping) {
            if (requireUntagged(node, pathOf(key))) {
                section.readKeys(mapping);
            }
        } else if (node != null && !isNull(node)) {
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

    /** The value of a key; empty if it is absent or invalid. */
    <T> Optional<T> given(Key key, Parser<T> parser) {
        return given(key.leaf(), key.isSecret(), parser);
    }

    /** The value of a key that is nested below one of the {@link Key}s, and that no message shows. */
    <T> Optional<T> secret(String leaf, Parser<T> parser) {
        return given(leaf, true, parser);
    }

    /** The value of a key that is nested below one of the {@link Key}s and is no secret; empty if it is absent or invalid. */
    <T> Optional<T> given(String leaf, Parser<T> parser) {
        return given(leaf, false, parser);
    }

    private <T> Optional<T> given(String leaf, boolean secret, Parser<T> parser) {
        Node node = node(leaf);
        return node == null ? Optional.empty() : scalar(node, pathOf(leaf), secret, parser);
    }

    <T> T orDefault(Key key, Parser<T> parser) {
        return given(key, parser).orElseGet(() -> fallback(key, parser));
    }

    <T> List<T> list(Key key, Parser<T> parser) {
        return list(key.leaf(), parser);
    }

    <T> List<T> list(String leaf, Parser<T> parser) {
        Node node = node(leaf);
        List<T> parsed = new ArrayList<>();
        if (node instanceof SequenceNode sequence) {
            if (requireUntagged(node, pathOf(leaf))) {
                for (int i = 0; i < sequence.getValue().size(); i++) {
                    scalar(sequence.getValue().get(i), pathOf(leaf) + "[" + i + "]", false, parser)
                            .ifPresent(parsed::add);
                }
            }
        } else if (node != null) {
            problems.add(lineOf(node), pathOf(leaf), "is " + kindOf(node), "write a list, such as [\"public.*\"]");
        }
        return parsed;
    }

    /** A list of lists of two values or more. @param parsers gives the parser of each inner list */
    <T> List<List<T>> groups(Key key, Supplier<Parser<T>> parsers) {
        Node node = node(key.leaf());
        List<List<T>> groups = new ArrayList<>();
        if (node instanceof SequenceNode sequence && requireUntagged(node, key.path())) {
            for (int i = 0; i < sequence.getValue().size(); i++) {
                groups.add(group(sequence.getValue().get(i), key.path() + "[" + i + "]", parsers.get()));
            }
        } else if (node != null && !(node instanceof SequenceNode)) {
            problems.add(lineOf(node), key.path(), "is " + kindOf(node), "write a list of lists, such as " + GROUPS);
        }
        return groups;
    }

    private <T> List<T> group(Node node, String at, Parser<T> parser) {
        List<T> group = new ArrayList<>();
        if (!(node instanceof SequenceNode sequence)) {
            problems.add(lineOf(node), at, "is " + kindOf(node), "write a list of lists, such as " + GROUPS);
        } else if (requireUntagged(node, at)) {
            for (int i = 0; i < sequence.getValue().size(); i++) {
                scalar(sequence.getValue().get(i), at + "[" + i + "]", false, parser)
                        .ifPresent(group::add);
            }
            if (sequence.getValue().size() < 2) {
                problems.add(lineOf(node), at, "names fewer than two views", "name two or more, or leave it out");
            }
        }
        return group;
    }

    boolean isEmptyList(Key key) {
        return node(key.leaf()) instanceof SequenceNode sequence
                && sequence.getValue().isEmpty();
    }

    private static <T> T fallback(Key key, Parser<T> parser) {
        try {
            return parser.parse(key.fallback().orElseThrow());
        } catch (InvalidValueException e) {
            throw new IllegalStateException("the default of " + key.path() + " is wrong: " + e.getMessage(), e);
        }
    }

    private <T> Optional<T> scalar(Node node, String at, boolean secret, Parser<T> parser) {
        if (!(node instanceof ScalarNode scalar) || isNull(node)) {
            problems.add(
                    lineOf(node), at, isNull(node) ? "has no value" : "is " + kindOf(node), "write a single value");
            return Optional.empty();
        }
        if (!requireUntagged(node, at)) {
            return Optional.empty();
        }
        try {
            return Optional.of(parser.parse(variables.expand(scalar.getValue())));
        } catch (InvalidValueException e) {
            problems.add(
                    lineOf(node), at, secret ? Optional.empty() : Optional.of(JdbcUrl.redact(scalar.getValue())), e);
            return Optional.empty();
        }
    }

    /** Whether a node has no tag of its own; such a tag is recorded as a problem. */
    private boolean requireUntagged(Node node, String at) {
        boolean untagged = node.getTag().startsWith(Tag.PREFIX);
        if (!untagged) {
            problems.add(lineOf(node), at, "has a tag", "write the value alone, without !");
        }
        return untagged;
    }

    void rejectUnknown(Collection<String> known) {
        entries.forEach((key, entry) -> {
            if (!known.contains(key)) {
                problems.add(entry.line(), pathOf(key), "unknown key", expectedFor(key, known));
            }
        });
    }

    private static String expectedFor(String key, Collection<String> known) {
        return Suggestion.near(key, known)
                .or(() -> Suggestion.elsewhere(key))
                .map(right -> "did you mean " + right + "?")
                .orElseGet(() -> "known are " + String.join(", ", known));
    }

    void problem(Key key, String value, String what, String expected) {
        problems.add(
                lineOf(key.leaf()), pathOf(key.leaf()), Optional.of(value), new InvalidValueException(what, expected));
    }

    void problem(Key key, String what, String expected) {
        problems.add(lineOf(key.leaf()), pathOf(key.leaf()), what, expected);
    }

    void problem(String key, InvalidValueException invalid) {
        problems.add(lineOf(key), pathOf(key), Optional.empty(), invalid);
    }

    /** The path of a key of this mapping. A key with dots is a pattern, and stands in brackets to keep the path readable. */
    private String pathOf(String key) {
        if (path.isEmpty()) {
            return key;
        }
        return key.indexOf('.') >= 0 ? path + "[" + key + "]" : path + "." + key;
    }

    private @Nullable Node node(String key) {
        Entry entry = entries.get(key);
        return entry == null ? null : entry.value();
    }

    private int lineOf(String key) {
        Entry entry = entries.get(key);
        return entry == null ? line : entry.line();
    }

    private static int lineOf(Node node) {
        return node.getStartMark().getLine() + 1;
    }

    static boolean isNull(@Nullable Node node) {
        return node != null && node.getTag().equals(Tag.NULL);
    }

    private static String kindOf(Node node) {
        return switch (node.getNodeId()) {
            case mapping -> "a mapping";
            case sequence -> "a list";
            case scalar, anchor -> "a single value";
        };
    }
}
