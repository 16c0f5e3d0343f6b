package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The WITH clauses that a query may refer to: its own, and those of the queries around it.
 *
 * @param queries the query and those around it, from the inside out
 */
record WithClauses(List<Node> queries) {
    static final WithClauses NONE = new WithClauses(List.of());

    /**
     * A query of a WITH clause.
     *
     * @param around what it may refer to itself
     */
    record Found(Node query, WithClauses around) {}

    WithClauses inside(Node query) {
        return new WithClauses(Stream.concat(Stream.of(query), queries.stream()).toList());
    }

    /**
     * Whether each query of the WITH clause is read exactly once, and none is recursive or MATERIALIZED. The server computes a
     * materialized one as a whole, however few rows are looked up.
     */
    static boolean areReadOnce(Node query) {
        List<Part> clauses = query.items("cteList");
        return !clauses.isEmpty()
                && clauses.stream()
                        .allMatch(clause -> clause instanceof Node with
                                && with.label().equals("COMMONTABLEEXPR")
                                && with.is("cterefcount", "1")
                                && with.is("cterecursive", "false")
                                && !with.is("ctematerialized", "1"));
    }

    /** The query that an entry of the range table refers to; empty if the entry is something else. */
    Optional<Found> find(Node entry) {
        int level = (int) entry.number("ctelevelsup");
        if (!entry.is("rtekind", "6") || !entry.is("self_reference", "false") || level < 0 || level >= queries.size()) {
            return Optional.empty();
        }
        List<Node> named = queries.get(level).items("cteList").stream()
                .filter(Node.class::isInstance)
                .map(Node.class::cast)
                .filter(clause -> clause.all("ctename").size() == 1
                        && clause.all("ctename").equals(entry.all("ctename")))
                .toList();
        if (named.size() != 1
                || named.getFirst().all("ctequery").size() != 1
                || !(named.getFirst().all("ctequery").getFirst() instanceof Node query)) {
            return Optional.empty();
        }
        return Optional.of(new Found(query, new WithClauses(queries.subList(level, queries.size()))));
    }
}
