package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.catalog.NodeTree.Token;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The names by which {@code pg_get_viewdef} writes what a query reads, and its columns.
 *
 * <p>Source: PostgreSQL, {@code ruleutils.c}, {@code set_rtable_names}. A name that was given before gets a number. Up to PostgreSQL 15
 * the entries OLD and NEW of a view take these two names.
 *
 * <p>Failure: a name that is not the one that the server writes. Whoever uses the names has the server read the result, and compares.
 */
final class EntryNames {
    private static final int LONGEST = 63;

    private final RangeTable rangeTable;
    private final List<@Nullable String> names = new ArrayList<>();
    private final Set<Integer> covered = new HashSet<>();

    /** @param around the names of the queries around this one, which it does not use again */
    EntryNames(Node query, RangeTable rangeTable, List<EntryNames> around) {
        this.rangeTable = rangeTable;
        Map<String, Integer> counters = new HashMap<>();
        around.forEach(outer -> outer.names.stream().filter(Objects::nonNull).forEach(name -> counters.put(name, 0)));
        for (int index = 1; index <= rangeTable.size(); index++) {
            names.add(unique(nameOf(index), counters));
        }
        query.all("jointree")
                .forEach(tree -> tree.visit(node -> {
                    if (node.label().equals("JOINEXPR") && !node.isNull("alias")) {
                        node.visit(below -> {
                            if (below.label().equals("RANGETBLREF")) {
                                covered.add((int) below.number("rtindex"));
                            }
                        });
                    }
                }));
    }

    /** The entry's name; empty if the query cannot name the entry, since the name of a join covers it. */
    Optional<String> of(int index) {
        return covered.contains(index) ? Optional.empty() : Optional.ofNullable(names.get(index - 1));
    }

    /** The name of a column of the entry; empty if it is not known. */
    Optional<String> column(int index, int number) {
        Relation relation = rangeTable.relation(index);
        if (relation != null) {
            return relation.columns().stream()
                    .filter(column -> column.number() == number)
                    .map(Relation.Column::name)
                    .findFirst();
        }
        return rangeTable
                .entry(index)
                .flatMap(entry -> alias(entry, "eref"))
                .map(alias -> alias.items("colnames"))
                .filter(columns -> number >= 1 && number <= columns.size())
                .map(columns -> columns.get(number - 1))
                .flatMap(EntryNames::text);
    }

    /** The name of the query of WITH that the entry reads; empty if it reads none. */
    Optional<String> with(int index) {
        return rangeTable
                .entry(index)
                .filter(entry ->
                        entry.is("rtekind", "6") && entry.all("ctename").size() == 1)
                .flatMap(entry -> text(entry.all("ctename").getFirst()));
    }

    private @Nullable String nameOf(int index) {
        Node entry = rangeTable.entry(index).orElse(null);
        if (entry == null) {
            return null;
        }
        Optional<Node> given = alias(entry, "alias");
        Relation relation = rangeTable.relation(index);
        if (given.isPresent()) {
            return aliasName(given.get());
        } else if (relation != null) {
            return relation.name();
        }
        // A join without a name of its own has none.
        return entry.is("rtekind", "2")
                ? null
                : alias(entry, "eref").map(EntryNames::aliasName).orElse(null);
    }

    static Optional<Node> alias(Node entry, String field) {
        return entry.all(field).size() == 1 && entry.all(field).getFirst() instanceof Node alias
                ? Optional.of(alias)
                : Optional.empty();
    }

    static @Nullable String aliasName(Node alias) {
        return alias.all("aliasname").size() == 1
                ? text(alias.all("aliasname").getFirst()).orElse(null)
                : null;
    }

    /** The text of a token: without its escapes, and without the quotes around an element of a list. */
    private static Optional<String> text(Part part) {
        if (!(part instanceof Token(String token))) {
            return Optional.empty();
        }
        String escaped = token.length() >= 2 && token.startsWith("\"") && token.endsWith("\"")
                ? token.substring(1, token.length() - 1)
                : token;
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < escaped.length(); i++) {
            if (escaped.charAt(i) == '\\' && i + 1 < escaped.length()) {
                i++;
            }
            text.append(escaped.charAt(i));
        }
        return Optional.of(text.toString());
    }

    private static @Nullable String unique(@Nullable String name, Map<String, Integer> counters) {
        if (name == null || counters.putIfAbsent(name, 0) == null) {
            return name;
        }
        while (true) {
            int counter = counters.merge(name, 1, Integer::sum);
            String numbered = numbered(name, "_" + counter);
            if (counters.putIfAbsent(numbered, 0) == null) {
                return numbered;
            }
        }
    }

    private static String numbered(String name, String number) {
        String cut = name;
        while ((cut + number).getBytes(StandardCharsets.UTF_8).length > LONGEST) {
            cut = cut.substring(0, cut.offsetByCodePoints(cut.length(), -1));
        }
        return cut + number;
    }
}
