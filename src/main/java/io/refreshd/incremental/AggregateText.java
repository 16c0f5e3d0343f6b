package io.refreshd.incremental;

import io.refreshd.incremental.QueryTokens.Token;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Finds the aggregates in a query with GROUP BY, as {@code pg_get_viewdef} writes it, and puts other expressions in their place. Pure.
 *
 * <p>Invariant: as in {@link DefinitionText}, only places are found here. An expression takes the place of the same text that the server has
 * examined.
 */
final class AggregateText {
    private static final Set<String> NAMES = Set.of("count", "sum", "avg", "min", "max");

    /** What may follow GROUP BY, HAVING apart. */
    private static final Set<String> AFTER = Set.of("WINDOW", "ORDER");

    private final String query;
    private final List<Token> tokens;
    private final int select;
    private final int from;
    /** The tokens of HAVING, or the end of the query twice. */
    private final Range having;

    /** Numbers of tokens. @param end behind the last one */
    private record Range(int start, int end) {}

    /**
     * The text of an aggregate.
     *
     * @param argument empty if it is {@code *}
     * @param filter the condition of FILTER
     */
    record Call(String text, Optional<String> argument, Optional<String> filter) {}

    /** @throws IllegalArgumentException if the query is not found */
    AggregateText(String query) {
        this.query = query;
        this.tokens = QueryTokens.of(query);
        this.select = next(0, "SELECT").orElseThrow(() -> new IllegalArgumentException("a query without SELECT"));
        this.from = IntStream.range(select, tokens.size())
                .filter(i -> isOutside(i)
                        && tokens.get(i).is("FROM")
                        && !tokens.get(i - 1).is("DISTINCT"))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("a query without FROM"));
        int end = IntStream.range(from, tokens.size())
                .filter(i -> isOutside(i) && AFTER.contains(tokens.get(i).text()))
                .findFirst()
                .orElse(tokens.size());
        this.having = new Range(next(from, "HAVING").orElse(end), end);
    }

    private boolean isOutside(int token) {
        return tokens.get(token).depth() == 0;
    }

    private Optional<Integer> next(int start, String word) {
        return IntStream.range(start, tokens.size())
                .filter(i -> isOutside(i) && tokens.get(i).is(word))
                .boxed()
                .findFirst();
    }

    /** The aggregates in the columns and in HAVING, each text once. */
    List<Call> calls() {
        return callsIn(new Range(select + 1, from), having).values().stream()
                .distinct()
                .toList();
    }

    /** By the tokens that they consist of, in order. */
    private Map<Range, Call> callsIn(Range... ranges) {
        Map<Range, Call> found = new LinkedHashMap<>();
        for (Range range : ranges) {
            for (int i = range.start(); i + 1 < range.end(); i++) {
                if (NAMES.contains(tokens.get(i).text())
                        && tokens.get(i + 1).is("(")
                        && !tokens.get(i - 1).is(".")) {
                    Range place = place(i);
                    found.put(place, call(place));
                    i = place.end() - 1;
                }
            }
        }
        return found;
    }

    private Range place(int name) {
        int end = closing(name + 1) + 1;
        return end + 1 < tokens.size()
                        && tokens.get(end).is("FILTER")
                        && tokens.get(end + 1).is("(")
                ? new Range(name, closing(end + 1) + 1)
                : new Range(name, end);
    }

    private Call call(Range place) {
        int end = closing(place.start() + 1);
        String argument = text(place.start() + 2, end);
        return new Call(
                text(place.start(), place.end()),
                argument.equals("*") ? Optional.empty() : Optional.of(argument),
                // Behind the name FILTER, its bracket and WHERE.
                end + 1 < place.end() ? Optional.of(text(end + 4, place.end() - 1)) : Optional.empty());
    }

    private int closing(int bracket) {
        int depth = tokens.get(bracket).depth();
        return IntStream.range(bracket + 1, tokens.size())
                .filter(i -> tokens.get(i).is(")") && tokens.get(i).depth() == depth)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("a bracket without its end"));
    }

    private String text(int start, int end) {
        if (start >= end) {
            throw new IllegalArgumentException("an aggregate without an argument");
        }
        return query.substring(tokens.get(start).start(), tokens.get(end - 1).end());
    }

    /** A query whose columns are the aggregates over the same groups. */
    String ofCalls(List<Call> calls) {
        List<String> columns = IntStream.range(0, calls.size())
                .mapToObj(i -> calls.get(i).text() + " AS c" + i)
                .toList();
        return text(0, select + 1) + " " + String.join(", ", columns) + " " + text(from, having.start());
    }

    /** The query with further columns at the end. */
    String withColumns(List<String> columns) {
        int end = tokens.get(from - 1).end();
        return query.substring(0, end)
                + columns.stream().map(column -> ", " + column).collect(Collectors.joining())
                + query.substring(end);
    }

    /**
     * The columns of the query over other values.
     *
     * @param keys takes the place of a column with a key of the group, by its number
     * @param aggregates takes the place of the text of an aggregate
     */
    String columns(Map<Integer, String> keys, UnaryOperator<String> aggregates) {
        List<String> columns = new ArrayList<>();
        int start = select + 1;
        for (int i = start; i <= from; i++) {
            if (i == from || (isOutside(i) && tokens.get(i).is(","))) {
                String key = keys.get(columns.size() + 1);
                columns.add(key == null ? replaced(new Range(start, i), aggregates) : key);
                start = i + 1;
            }
        }
        return String.join(", ", columns);
    }

    /** The condition of HAVING over other values; empty if there is none. */
    String having(UnaryOperator<String> aggregates) {
        return having.start() < having.end() ? replaced(new Range(having.start() + 1, having.end()), aggregates) : "";
    }

    private String replaced(Range range, UnaryOperator<String> aggregates) {
        StringBuilder text = new StringBuilder();
        int at = tokens.get(range.start()).start();
        for (Map.Entry<Range, Call> call : callsIn(range).entrySet()) {
            text.append(query, at, tokens.get(call.getKey().start()).start())
                    .append(aggregates.apply(call.getValue().text()));
            at = tokens.get(call.getKey().end() - 1).end();
        }
        return text.append(query, at, tokens.get(range.end() - 1).end()).toString();
    }
}
