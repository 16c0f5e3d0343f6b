package io.refreshd.incremental;

import io.refreshd.catalog.IncrementalQuery.MapText;
import io.refreshd.incremental.QueryTokens.Token;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Takes from a query that groups rows, as {@code pg_get_viewdef} writes it, the query that selects these rows with the keys of their
 * groups: its FROM and WHERE, and some of its columns. Pure.
 *
 * <p>Invariant: as in {@link DefinitionText}, only places are found here. What the result means is for the server to say, and is compared
 * with what was meant.
 */
final class GroupedText {
    private static final Set<String> OPERATIONS = Set.of("UNION", "EXCEPT", "INTERSECT");

    /** What may follow WHERE. */
    private static final Set<String> AFTER = Set.of("GROUP", "HAVING", "WINDOW", "ORDER");

    private final String query;
    private final List<Token> tokens;

    private GroupedText(String query) {
        this.query = query;
        this.tokens = QueryTokens.of(query);
    }

    /** @throws IllegalArgumentException if the query is not found */
    static String rowsOf(String query, MapText text) {
        GroupedText inside = new GroupedText(textOf(query, text));
        return inside.rows(new Range(0, inside.tokens.size()), text.columns());
    }

    private static String textOf(String query, MapText text) {
        String around = text.within().isPresent() ? textOf(query, text.within().get()) : query;
        String inside = DefinitionText.inside(around, text.into());
        if (text.branch() < 0) {
            return inside;
        }
        GroupedText operation = new GroupedText(inside);
        List<Range> branches = operation.branches(new Range(0, operation.tokens.size()));
        if (text.branch() >= branches.size()) {
            throw new IllegalArgumentException("a set operation with fewer branches");
        }
        Range branch = branches.get(text.branch());
        return operation.text(branch.start(), branch.end());
    }

    /** Numbers of tokens. @param end behind the last one */
    private record Range(int start, int end) {}

    private List<Range> branches(Range range) {
        int depth = depth(range);
        if (tokens.get(range.start()).is("(") && closing(range.start()) == range.end() - 1) {
            return branches(new Range(range.start() + 1, range.end() - 1));
        }
        List<Range> found = new ArrayList<>();
        int from = range.start();
        for (int i = range.start(); i <= range.end(); i++) {
            boolean operation = i < range.end()
                    && tokens.get(i).depth() == depth
                    && OPERATIONS.contains(tokens.get(i).text());
            if (i == range.end() || operation) {
                found.add(new Range(from, i));
                from = i + 1 < range.end() && tokens.get(i + 1).is("ALL") ? i + 2 : i + 1;
            }
        }
        return found.size() == 1
                ? found
                : found.stream().flatMap(one -> branches(one).stream()).toList();
    }

    private String rows(Range range, List<Integer> columns) {
        int depth = depth(range);
        int select = next(range.start(), range.end(), depth, "SELECT")
                .orElseThrow(() -> new IllegalArgumentException("a query without SELECT"));
        int first = select + 1;
        if (tokens.get(first).is("DISTINCT")) {
            first++;
            if (tokens.get(first).is("ON")) {
                first = closing(first + 1) + 1;
            }
        }
        int from = IntStream.range(first, range.end())
                .filter(i -> tokens.get(i).depth() == depth
                        && tokens.get(i).is("FROM")
                        && !tokens.get(i - 1).is("DISTINCT"))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("a query without FROM"));
        int end = IntStream.range(from, range.end())
                .filter(i -> tokens.get(i).depth() == depth
                        && AFTER.contains(tokens.get(i).text()))
                .findFirst()
                .orElse(range.end());
        List<String> items = items(first, from, depth);
        return text(range.start(), select + 1) + " "
                + columns.stream()
                        .map(number -> {
                            if (number > items.size()) {
                                throw new IllegalArgumentException("a query with fewer columns");
                            }
                            return items.get(number - 1);
                        })
                        .collect(Collectors.joining(", "))
                + " " + text(from, end);
    }

    private List<String> items(int first, int from, int depth) {
        List<String> items = new ArrayList<>();
        int start = first;
        for (int i = first; i <= from; i++) {
            if (i == from || (tokens.get(i).depth() == depth && tokens.get(i).is(","))) {
                items.add(text(start, i));
                start = i + 1;
            }
        }
        return items;
    }

    private String text(int start, int end) {
        return query.substring(tokens.get(start).start(), tokens.get(end - 1).end());
    }

    private Optional<Integer> next(int start, int end, int depth, String word) {
        return IntStream.range(start, end)
                .filter(i -> tokens.get(i).depth() == depth && tokens.get(i).is(word))
                .boxed()
                .findFirst();
    }

    private int depth(Range range) {
        if (range.start() >= range.end()) {
            throw new IllegalArgumentException("a query without SELECT");
        }
        return tokens.get(range.start()).depth();
    }

    private int closing(int bracket) {
        int depth = tokens.get(bracket).depth();
        return IntStream.range(bracket + 1, tokens.size())
                .filter(i -> tokens.get(i).is(")") && tokens.get(i).depth() == depth)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("a bracket without its end"));
    }
}
