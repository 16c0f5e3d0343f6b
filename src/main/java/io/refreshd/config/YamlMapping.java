package io.refreshd.config;

import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.Tag;

/** The keys of a YAML mapping with their lines, and where problems of them are recorded. */
abstract sealed class YamlMapping permits Section {
    /** @param line line of the key */
    private record Entry(Node value, int line) {}

    final String path;
    final int line;
    final Source source;
    final Problems problems;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** Where a mapping comes from: a relative path in it starts at the folder of the file. */
    record Source(Path file, Problems problems, Variables variables) {}

    YamlMapping(String path, int line, Source source) {
        this.path = path;
        this.line = line;
        this.source = source;
        this.problems = source.problems();
    }

    void readKeys(MappingNode mapping) {
        for (NodeTuple tuple : mapping.getValue()) {
            int at = YamlDocument.lineOf(tuple.getKeyNode());
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

    /** The keys of another mapping, with their lines. */
    void takeKeys(YamlMapping other) {
        entries.putAll(other.entries);
    }

    boolean hasOwn(String leaf) {
        return entries.containsKey(leaf);
    }

    Path file() {
        return source.file();
    }

    /** Without looking at the defaults. */
    void rejectOwnUnknown(Collection<String> known) {
        entries.forEach((key, entry) -> {
            if (!known.contains(key)) {
                problems.add(entry.line(), pathOf(key), "unknown key", Suggestion.expected(key, known));
            }
        });
    }

    /** Whether a node has no tag of its own; such a tag is recorded as a problem. */
    boolean requireUntagged(Node node, String at) {
        boolean untagged = node.getTag().startsWith(Tag.PREFIX);
        if (!untagged) {
            problems.add(YamlDocument.lineOf(node), at, "has a tag", "write the value alone, without !");
        }
        return untagged;
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
    String pathOf(String key) {
        if (path.isEmpty()) {
            return key;
        }
        return key.indexOf('.') >= 0 ? path + "[" + key + "]" : path + "." + key;
    }

    @Nullable Node node(String key) {
        Entry entry = entries.get(key);
        return entry == null ? null : entry.value();
    }

    int lineOf(String key) {
        Entry entry = entries.get(key);
        return entry == null ? line : entry.line();
    }
}
