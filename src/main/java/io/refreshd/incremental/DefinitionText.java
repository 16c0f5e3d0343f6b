package io.refreshd.incremental;

import io.refreshd.catalog.IncrementalQuery.Carried;
import io.refreshd.catalog.IncrementalQuery.HiddenColumn;
import io.refreshd.catalog.IncrementalQuery.Inner;
import io.refreshd.incremental.QueryTokens.Token;
import io.refreshd.model.SqlNames;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Puts hidden columns before those of a query as {@code pg_get_viewdef} writes it, and takes them away again. Pure.
 *
 * <p>A column that a sub-select does not show is added at the end of the sub-select's list, where it alters the number of no other one.
 *
 * <p>Invariant: only the places of SELECT lists are found here. What the result means is for the server to say, and is compared with
 * what was meant.
 */
final class DefinitionText {
    /** What may follow the list of GROUP BY or PARTITION BY at its depth. */
    private static final Set<String> AFTER_KEYS =
            Set.of("HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FOR", "ROWS", "RANGE", "GROUPS");

    private final String query;
    private final List<Token> tokens;

    private DefinitionText(String query) {
        this.query = query;
        this.tokens = QueryTokens.of(query);
    }

    /** @throws IllegalArgumentException if a list that must show a column is not found */
    static String withHidden(String query, List<HiddenColumn> hidden) {
        if (hidden.isEmpty()) {
            return query;
        }
        DefinitionText text = new DefinitionText(query);
        Map<Integer, String> insertions = new TreeMap<>(Comparator.reverseOrder());
        insertions.put(
                text.tokens.get(text.head()).end(),
                hidden.stream()
                        .map(column -> (column.isOfGroups()
                                        ? text.keyOfGroups(column.number()) + " AS "
                                                + SqlNames.identifier(column.name())
                                        : named(column.alias(), column.column(), column.name()))
                                + ",")
                        .collect(Collectors.joining(" ", " ", "")));
        for (HiddenColumn column : hidden) {
            for (Carried carried : column.carried()) {
                insertions.merge(
                        text.endOfList(carried.into()),
                        ", " + named(carried.alias(), carried.column(), column.name()),
                        String::concat);
            }
        }
        StringBuilder result = new StringBuilder(query);
        insertions.forEach((place, columns) -> result.insert((int) place, columns));
        return result.toString();
    }

    private static String named(String alias, String column, String name) {
        return SqlNames.identifier(alias) + "." + SqlNames.identifier(column) + " AS " + SqlNames.identifier(name);
    }

    /** @throws IllegalArgumentException if the outermost SELECT has no more than that many columns */
    static String without(String query, int hidden) {
        DefinitionText text = new DefinitionText(query);
        int first = text.head() + 1;
        int next = first;
        List<String> names = new ArrayList<>();
        for (int i = 0; i < hidden; i++) {
            int comma = text.comma(next);
            names.add(text.tokens.get(comma - 1).text());
            next = comma + 1;
        }
        int list = text.tokens.get(first - 1).end();
        int rest = text.tokens.get(next).start();
        StringBuilder result = new StringBuilder(query);
        // From the end, so that the places before keep their numbers.
        for (int i = text.tokens.size() - 1; i >= next; i--) {
            text.removeBefore(i, names, result);
        }
        result.replace(list, rest, " ");
        for (int i = first - 1; i >= 1; i--) {
            text.removeBefore(i, names, result);
        }
        return result.toString();
    }

    /** Removes the items with these names from the end of a list before FROM, or of a list of the names of columns before a bracket. */
    private void removeBefore(int end, List<String> names, StringBuilder result) {
        if (tokens.get(end).is("FROM")) {
            removeItems(end, names, result);
        } else if (tokens.get(end).is(")")) {
            int last = end - 1;
            while (last > 0
                    && names.contains(tokens.get(last).text())
                    && tokens.get(last - 1).is(",")) {
                result.delete(tokens.get(last - 1).start(), tokens.get(last).end());
                last -= 2;
            }
        }
    }

    /** Removes the items with these names from the end of the list before a FROM. */
    private void removeItems(int from, List<String> names, StringBuilder result) {
        int end = from - 1;
        int depth = tokens.get(from).depth();
        while (names.contains(tokens.get(end).text())) {
            int comma = end;
            while (!(tokens.get(comma).is(",") && tokens.get(comma).depth() == depth)) {
                comma--;
                if (comma < 0) {
                    throw new IllegalArgumentException("a list with hidden columns alone");
                }
            }
            result.delete(tokens.get(comma).start(), tokens.get(end).end());
            end = comma - 1;
        }
    }

    /** The number of the SELECT of the query that begins at a token. */
    private int select(int start) {
        int depth = tokens.isEmpty() ? 0 : tokens.get(start).depth();
        return IntStream.range(start, tokens.size())
                .filter(i -> tokens.get(i).depth() == depth && tokens.get(i).is("SELECT"))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("a query without SELECT"));
    }

    /** The number of the last token before the first column: SELECT, or the end of DISTINCT ON. */
    private int head() {
        int select = select(0);
        return select + 3 < tokens.size()
                        && tokens.get(select + 1).is("DISTINCT")
                        && tokens.get(select + 2).is("ON")
                        && tokens.get(select + 3).is("(")
                ? closing(select + 3).orElseThrow()
                : select;
    }

    /** What stands at a place of the list of GROUP BY, else of DISTINCT ON, else of the first PARTITION BY. @param place from 1; or of the one row */
    private String keyOfGroups(int place) {
        if (place == HiddenColumn.ONE_ROW) {
            return "true";
        }
        int select = select(0);
        Optional<Integer> list = words(select, 0, "GROUP", "BY")
                .or(() -> Optional.of(select + 3).filter(first -> head() > select))
                .or(() -> words(select, -1, "PARTITION", "BY"));
        int first = list.orElseThrow(() -> new IllegalArgumentException("a query without groups")) + 1;
        int depth = tokens.get(first).depth();
        int start = first;
        for (int found = 1, i = first; i <= tokens.size(); i++) {
            boolean end = i == tokens.size()
                    || tokens.get(i).depth() < depth
                    || (tokens.get(i).depth() == depth
                            && AFTER_KEYS.contains(tokens.get(i).text()));
            if (end || (tokens.get(i).depth() == depth && tokens.get(i).is(","))) {
                if (found == place && start < i) {
                    return query.substring(
                            tokens.get(start).start(), tokens.get(i - 1).end());
                }
                if (end) {
                    break;
                }
                found++;
                start = i + 1;
            }
        }
        throw new IllegalArgumentException("a list of groups that is too short");
    }

    /** The number of the second of two words. @param depth of them; -1: any */
    private Optional<Integer> words(int start, int depth, String first, String second) {
        return IntStream.range(start + 1, tokens.size())
                .filter(i -> (depth < 0 || tokens.get(i).depth() == depth)
                        && tokens.get(i).is(second)
                        && tokens.get(i - 1).is(first))
                .boxed()
                .findFirst();
    }

    private int comma(int start) {
        return IntStream.range(start, tokens.size())
                .filter(i -> tokens.get(i).depth() == 0 && tokens.get(i).is(","))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("a query with fewer columns"));
    }

    /** The text of a sub-select, without its brackets. @throws IllegalArgumentException if it is not found */
    static String inside(String query, List<Inner> into) {
        DefinitionText text = new DefinitionText(query);
        Part part = text.find(into);
        return into.isEmpty()
                ? query
                : query.substring(
                        text.tokens.get(part.start()).start(),
                        text.tokens.get(part.end() - 1).end());
    }

    /** The numbers of the first token of a query, and of the token behind its last one. */
    private record Part(int start, int end) {}

    private Part find(List<Inner> into) {
        int start = 0;
        int end = tokens.size();
        for (Inner inner : into) {
            int from = start;
            int to = end;
            List<Integer> brackets = IntStream.range(from, to)
                    .filter(i -> tokens.get(i).is("(") && beginsQuery(i + 1))
                    .filter(i -> inner.with() ? isWith(i, inner.name()) : isNamed(i, inner.name()))
                    .boxed()
                    .toList();
            if (brackets.size() != 1) {
                throw new IllegalArgumentException("a sub-select " + inner.name() + " that is not found");
            }
            start = brackets.getFirst() + 1;
            end = closing(brackets.getFirst()).orElseThrow();
        }
        return new Part(start, end);
    }

    /** Where the list of a sub-select ends: behind the last token before its FROM. */
    private int endOfList(List<Inner> into) {
        Part part = find(into);
        int end = part.end();
        int select = select(part.start());
        int depth = tokens.get(select).depth();
        return IntStream.range(select, end)
                .filter(i -> tokens.get(i).depth() == depth
                        && tokens.get(i).is("FROM")
                        && !tokens.get(i - 1).is("DISTINCT"))
                .mapToObj(i -> tokens.get(i - 1).end())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("a sub-select without FROM"));
    }

    /** The first branch of a set operation may stand in brackets of its own. */
    private boolean beginsQuery(int start) {
        int at = start;
        while (at < tokens.size() && tokens.get(at).is("(")) {
            at++;
        }
        return at < tokens.size()
                && (tokens.get(at).is("SELECT") || tokens.get(at).is("WITH"));
    }

    /** Whether the name follows behind the brackets, as it does in FROM. */
    private boolean isNamed(int bracket, String name) {
        return closing(bracket)
                .filter(end -> end + 1 < tokens.size() && tokens.get(end + 1).names(name))
                .isPresent();
    }

    /** Whether a query of WITH begins here: name, AS, perhaps NOT MATERIALIZED, or a list of columns before AS. */
    private boolean isWith(int bracket, String name) {
        int at = bracket - 1;
        while (at > 0 && (tokens.get(at).is("MATERIALIZED") || tokens.get(at).is("NOT"))) {
            at--;
        }
        if (at < 1 || !tokens.get(at).is("AS")) {
            return false;
        }
        at--;
        if (tokens.get(at).is(")")) {
            int depth = tokens.get(at).depth();
            do {
                at--;
            } while (at > 0 && !(tokens.get(at).is("(") && tokens.get(at).depth() == depth));
            at--;
        }
        return at >= 0 && tokens.get(at).names(name);
    }

    private Optional<Integer> closing(int bracket) {
        int depth = tokens.get(bracket).depth();
        return IntStream.range(bracket + 1, tokens.size())
                .filter(i -> tokens.get(i).is(")") && tokens.get(i).depth() == depth)
                .boxed()
                .findFirst();
    }
}
