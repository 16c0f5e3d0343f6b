package io.refreshd.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * A YAML mapping of the file, from which values are read key by key. A key that it lacks is taken from the mapping that it has as its
 * defaults, if there is one: that of another file.
 *
 * <p>Failure: an invalid value is recorded in {@link Problems}, and reading goes on with the default, so that one run reports
 * all problems.
 */
final class Section extends YamlMapping {
    /** Converts the text of a value into the value. */
    interface Parser<T> {
        T parse(String text) throws InvalidValueException;
    }

    private static final String GROUPS = "[[public.orders, public.totals]]";

    private final @Nullable Section defaults;

    private Section(String path, int line, Source source, @Nullable Section defaults) {
        super(path, line, source);
        this.defaults = defaults;
    }

    static Section root(MappingNode mapping, Path file, Problems problems, Variables variables) {
        Section root = new Section("", 1, new Source(file, problems, variables), null);
        root.readKeys(mapping);
        return root;
    }

    private Section copy(String at, Source from, @Nullable Section fallback) {
        Section copy = new Section(at, line, from, fallback);
        copy.takeKeys(this);
        return copy;
    }

    /** The same mapping as the top of a configuration, whose sections take the keys that they lack from those of another one. */
    Section over(Section fallback, Problems own) {
        return copy("", new Source(source.file(), own, source.variables()), fallback);
    }

    boolean has(Key key) {
        return has(key.leaf());
    }

    boolean has(String leaf) {
        return hasOwn(leaf) || (defaults != null && defaults.has(leaf));
    }

    /** This section without the keys that it takes from another one. */
    Section own() {
        return copy(path, source, null);
    }

    /** Of this section and its defaults the first that has one of the keys, without the other; this section if none has. */
    Section holding(Key... keys) {
        boolean here = Arrays.stream(keys).anyMatch(key -> hasOwn(key.leaf()));
        return here || defaults == null ? own() : defaults.holding(keys);
    }

    /** The mapping below a key. If it is absent or empty, all its keys have their defaults. */
    Section section(String key) {
        Node node = node(key);
        // Sections are merged key by key. What is nested deeper replaces that of the defaults as a whole.
        if (defaults != null && !path.isEmpty() && node == null) {
            return defaults.section(key);
        }
        Section section = new Section(
                pathOf(key), lineOf(key), source, defaults == null || !path.isEmpty() ? null : defaults.section(key));
        if (node instanceof MappingNode mapping) {
            if (requireUntagged(node, pathOf(key))) {
                section.readKeys(mapping);
            }
        } else if (node != null && !YamlDocument.isNull(node)) {
            problems.add(
                    YamlDocument.lineOf(node),
                    pathOf(key),
                    "is " + YamlDocument.kindOf(node),
                    "write key: value pairs below it");
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
        if (node == null) {
            return defaults == null ? Optional.empty() : defaults.given(leaf, secret, parser);
        }
        return scalar(node, pathOf(leaf), secret, parser);
    }

    <T> T orDefault(Key key, Parser<T> parser) {
        return given(key, parser).orElseGet(() -> fallback(key, parser));
    }

    <T> List<T> list(Key key, Parser<T> parser) {
        return list(key.leaf(), parser);
    }

    <T> List<T> list(String leaf, Parser<T> parser) {
        Node node = node(leaf);
        if (node == null && defaults != null) {
            return defaults.list(leaf, parser);
        }
        List<T> parsed = new ArrayList<>();
        if (node instanceof SequenceNode sequence) {
            if (requireUntagged(node, pathOf(leaf))) {
                for (int i = 0; i < sequence.getValue().size(); i++) {
                    scalar(sequence.getValue().get(i), pathOf(leaf) + "[" + i + "]", false, parser)
                            .ifPresent(parsed::add);
                }
            }
        } else if (node != null) {
            problems.add(
                    YamlDocument.lineOf(node),
                    pathOf(leaf),
                    "is " + YamlDocument.kindOf(node),
                    "write a list, such as [\"public.*\"]");
        }
        return parsed;
    }

    /** A list of lists of two values or more. @param parsers gives the parser of each inner list */
    <T> List<List<T>> groups(Key key, Supplier<Parser<T>> parsers) {
        Node node = node(key.leaf());
        if (node == null && defaults != null) {
            return defaults.groups(key, parsers);
        }
        List<List<T>> groups = new ArrayList<>();
        if (node instanceof SequenceNode sequence && requireUntagged(node, key.path())) {
            for (int i = 0; i < sequence.getValue().size(); i++) {
                groups.add(group(sequence.getValue().get(i), key.path() + "[" + i + "]", parsers.get()));
            }
        } else if (node != null && !(node instanceof SequenceNode)) {
            problems.add(
                    YamlDocument.lineOf(node),
                    key.path(),
                    "is " + YamlDocument.kindOf(node),
                    "write a list of lists, such as " + GROUPS);
        }
        return groups;
    }

    private <T> List<T> group(Node node, String at, Parser<T> parser) {
        List<T> group = new ArrayList<>();
        if (!(node instanceof SequenceNode sequence)) {
            problems.add(
                    YamlDocument.lineOf(node),
                    at,
                    "is " + YamlDocument.kindOf(node),
                    "write a list of lists, such as " + GROUPS);
        } else if (requireUntagged(node, at)) {
            for (int i = 0; i < sequence.getValue().size(); i++) {
                scalar(sequence.getValue().get(i), at + "[" + i + "]", false, parser)
                        .ifPresent(group::add);
            }
            if (sequence.getValue().size() < 2) {
                problems.add(
                        YamlDocument.lineOf(node),
                        at,
                        "names fewer than two views",
                        "name two or more, or leave it out");
            }
        }
        return group;
    }

    boolean isEmptyList(Key key) {
        Node node = node(key.leaf());
        if (node == null) {
            return defaults != null && defaults.isEmptyList(key);
        }
        return node instanceof SequenceNode sequence && sequence.getValue().isEmpty();
    }

    private static <T> T fallback(Key key, Parser<T> parser) {
        try {
            return parser.parse(key.fallback().orElseThrow());
        } catch (InvalidValueException e) {
            throw new IllegalStateException("the default of " + key.path() + " is wrong: " + e.getMessage(), e);
        }
    }

    private <T> Optional<T> scalar(Node node, String at, boolean secret, Parser<T> parser) {
        if (!(node instanceof ScalarNode scalar) || YamlDocument.isNull(node)) {
            problems.add(
                    YamlDocument.lineOf(node),
                    at,
                    YamlDocument.isNull(node) ? "has no value" : "is " + YamlDocument.kindOf(node),
                    "write a single value");
            return Optional.empty();
        }
        if (!requireUntagged(node, at)) {
            return Optional.empty();
        }
        try {
            return Optional.of(parser.parse(source.variables().expand(scalar.getValue())));
        } catch (InvalidValueException e) {
            problems.add(
                    YamlDocument.lineOf(node),
                    at,
                    secret ? Optional.empty() : Optional.of(JdbcUrl.redact(scalar.getValue())),
                    e);
            return Optional.empty();
        }
    }

    void rejectUnknown(Collection<String> known) {
        if (defaults != null && !path.isEmpty()) {
            defaults.rejectUnknown(known);
        }
        rejectOwnUnknown(known);
    }
}
