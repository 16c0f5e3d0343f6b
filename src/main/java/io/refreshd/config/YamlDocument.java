package io.refreshd.config;

import java.io.StringReader;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.reader.ReaderException;

/** Parser of YAML into nodes with line numbers. It constructs no objects, so a tag in a file cannot request a class. */
final class YamlDocument {
    private static final String VALID = "write valid YAML; put a value with special characters in single quotes";

    /** Advice about indentation, which the parser gives for any character; it is useful for tabs only. */
    private static final Pattern INDENTATION = Pattern.compile("\\. \\(Do not use (?!\\\\t).*");

    private YamlDocument() {}

    /** The mapping at the top of the document; empty if a problem was recorded. */
    static Optional<MappingNode> parse(String yaml, Problems problems) {
        Node root;
        try {
            root = new Yaml(new LoaderOptions()).compose(new StringReader(yaml));
        } catch (MarkedYAMLException e) {
            int line = e.getProblemMark() == null ? 0 : e.getProblemMark().getLine();
            problems.add(line + 1, "", "not valid YAML" + reason(yaml, line, e.getProblem()), VALID);
            return Optional.empty();
        } catch (ReaderException e) {
            int line = (int) yaml.codePoints()
                    .limit(e.getPosition())
                    .filter(c -> c == '\n')
                    .count();
            problems.add(line + 1, "", "not valid YAML: a character that may not be in it", "remove the character");
            return Optional.empty();
        } catch (YAMLException e) {
            problems.add(1, "", "not valid YAML", VALID);
            return Optional.empty();
        }
        if (root instanceof MappingNode mapping) {
            return Optional.of(mapping);
        }
        if (root == null || isNull(root)) {
            problems.add(1, "", "the file is empty", "write at least database.url and database.user");
        } else {
            problems.add(1, "", "the file holds no mapping", "write sections such as database: with keys below them");
        }
        return Optional.empty();
    }

    /** The parser's message, which quotes the file. It is left out near a password, which it could contain. */
    private static String reason(String yaml, int line, @Nullable String problem) {
        String near = yaml.lines()
                .skip(Math.max(0, line - 1))
                .limit(2)
                .reduce("", String::concat)
                .toLowerCase(Locale.ROOT);
        return problem == null || near.contains("pass")
                ? ""
                : ": " + INDENTATION.matcher(problem).replaceFirst("");
    }

    /** From 1. */
    static int lineOf(Node node) {
        return node.getStartMark().getLine() + 1;
    }

    static boolean isNull(@Nullable Node node) {
        return node != null && node.getTag().equals(Tag.NULL);
    }

    static String kindOf(Node node) {
        return switch (node.getNodeId()) {
            case mapping -> "a mapping";
            case sequence -> "a list";
            case scalar, anchor -> "a single value";
        };
    }
}
