package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds casts of text to a date or time, whose value may depend on the time of the run. The words {@code now}, {@code today}, {@code tomorrow} and
 * {@code yesterday} then mean the time of that run (Source: PostgreSQL documentation, "Special Values"). {@code date 'yesterday'} is
 * another thing: it was a fixed date when the view was created.
 */
final class ClockCasts {
    /** Each finding includes those before it. */
    enum Finding {
        NONE,
        /** Text of a column is cast. What it holds is data; only if it holds such a word, the clock is read. */
        COLUMN,
        /** The text is such a word, or may be one. */
        CLOCK
    }

    private static final List<String> WORDS = List.of("now", "today", "tomorrow", "yesterday");
    private static final Pattern LETTERS = Pattern.compile("[a-z]{2,}");

    /** date, time, timestamp, timestamptz, timetz; their arrays, ranges and multiranges. */
    private static final Set<Long> TYPES = Set.of(
            1082L, 1083L, 1114L, 1184L, 1266L, 1182L, 1183L, 1115L, 1185L, 1270L, 3912L, 3908L, 3910L, 4535L, 4533L,
            4534L, 3913L, 3909L, 3911L);

    private static final long TIMETZ = 1266;
    private static final Pattern OFFSET = Pattern.compile("[0-9][+-][0-9]");

    /** text, varchar, char(n), name, unknown and cstring. */
    private static final Set<Long> STRINGS = Set.of(25L, 1043L, 1042L, 19L, 705L, 2275L);

    /** Built-in STABLE functions that read values of other types out of text, JSON or XML. */
    private static final Pattern READERS =
            Pattern.compile("(date|timestamp|timestamptz|time|timetz|array|range|multirange|record|domain)_in"
                    + "|jsonb?_(populate_record|populate_recordset|to_record|to_recordset)");

    private static final List<String> LABELS = List.of("COERCEVIAIO", "TABLEFUNC", "JSONEXPR");

    private final CatalogIndex catalogIndex;

    private ClockCasts(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
    }

    /** What the query of a view does; nothing is known of the conditions of policies, and of a tree of unknown form. */
    static Finding of(Rule rule, CatalogIndex catalogIndex) {
        ClockCasts casts = new ClockCasts(catalogIndex);
        boolean candidate = LABELS.stream().anyMatch(label -> rule.tree().contains("{" + label + " "))
                || rule.functions().stream().anyMatch(casts::reads);
        Relation relation = candidate ? catalogIndex.relation(rule.relation()) : null;
        Optional<Node> query = relation == null ? Optional.empty() : catalogIndex.query(relation);
        Finding[] worst = {Finding.NONE};
        query.ifPresent(tree -> tree.visit(node -> {
            Finding found = casts.of(node);
            worst[0] = found.compareTo(worst[0]) > 0 ? found : worst[0];
        }));
        return worst[0];
    }

    private boolean reads(long oid) {
        Function function = catalogIndex.function(oid);
        return function != null
                && function.builtIn()
                && READERS.matcher(function.name()).matches();
    }

    private Finding of(Node node) {
        return switch (node.label()) {
            case "COERCEVIAIO" -> {
                long type = node.number("resulttype");
                if (TYPES.contains(type)) {
                    yield ofText(node.all("arg"), type);
                }
                // A domain or composite type may hold a date.
                yield !Catalog.builtIn(type) && holds(node.all("arg"), false) ? Finding.CLOCK : Finding.NONE;
            }
            // It applies the cast in elemexpr to each element.
            case "ARRAYCOERCEEXPR" ->
                readsTime(node.all("elemexpr")) && holds(node.all("arg"), true) ? Finding.CLOCK : Finding.NONE;
            case "FUNCEXPR" ->
                reads(node.number("funcid")) && holds(node.all("args"), false) ? Finding.CLOCK : Finding.NONE;
            case "TABLEFUNC", "JSONEXPR" -> holds(List.of(node), false) ? Finding.CLOCK : Finding.NONE;
            default -> Finding.NONE;
        };
    }

    private static boolean readsTime(List<Part> cast) {
        boolean[] found = new boolean[1];
        cast.forEach(part -> part.visit(node -> found[0] |= node.label().equals("COERCEVIAIO")
                && (TYPES.contains(node.number("resulttype")) || !Catalog.builtIn(node.number("resulttype")))));
        return found[0];
    }

    private static Finding ofText(List<Part> text, long type) {
        if (text.size() == 1 && text.getFirst() instanceof Node node) {
            Node inner = withoutRelabel(node);
            if (inner.label().equals("VAR")) {
                return Finding.COLUMN;
            }
            if (inner.label().equals("CONST")) {
                // Without an offset of its own such a time has that of the current date.
                boolean ofToday = type == TIMETZ
                        && !OFFSET.matcher(ConstantText.raw(inner)).find();
                return ofToday || holds(text, false) ? Finding.CLOCK : Finding.NONE;
            }
        }
        return holds(text, true) ? Finding.CLOCK : Finding.NONE;
    }

    private static Node withoutRelabel(Node node) {
        return node.label().equals("RELABELTYPE")
                        && node.all("arg").size() == 1
                        && node.all("arg").getFirst() instanceof Node inner
                ? withoutRelabel(inner)
                : node;
    }

    /**
     * Whether a constant in the expression holds one of the words.
     *
     * @param pieces whether a piece of a word counts too, since the expression may put it together with another
     */
    private static boolean holds(List<Part> expression, boolean pieces) {
        boolean[] found = new boolean[1];
        for (Part part : expression) {
            part.visit(node -> {
                if (node.label().equals("CONST")) {
                    String text = ConstantText.raw(node).toLowerCase(Locale.ROOT);
                    found[0] |= WORDS.stream().anyMatch(text::contains)
                            || (pieces && STRINGS.contains(node.number("consttype")) && holdsPiece(text));
                }
            });
        }
        return found[0];
    }

    private static boolean holdsPiece(String text) {
        Matcher letters = LETTERS.matcher(text);
        while (letters.find()) {
            if (WORDS.stream().anyMatch(word -> word.contains(letters.group()))) {
                return true;
            }
        }
        return false;
    }
}
