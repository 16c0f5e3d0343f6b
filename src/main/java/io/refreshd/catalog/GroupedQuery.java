package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import java.util.List;
import java.util.Optional;

/**
 * Splits a query that groups rows, or joins sub-selects that do, into {@link GroupedPart}s and a query around them that only joins.
 *
 * @param around the view with the query around the parts
 * @param names those of the queries inside of which the query is written
 * @param catalogIndex knows the parts, the view around them, and the rows that they read
 */
record GroupedQuery(Relation around, List<EntryNames> names, List<GroupedPart> parts, CatalogIndex catalogIndex) {
    /**
     * Splits the query of a view.
     *
     * @return empty if nothing in it groups rows, as far as it is split
     * @throws UnsupportedQueryException if something groups rows by nothing by which they could be found
     */
    static Optional<GroupedQuery> of(Relation view, Node query, CatalogIndex catalogIndex)
            throws UnsupportedQueryException {
        return new GroupedSplitter(view, catalogIndex.extended(), QueryPurpose.KEPT).split(query);
    }

    /** Whether both have the same parts, key columns and queries within. */
    boolean hasPartsOf(GroupedQuery other) {
        return shapes().equals(other.shapes());
    }

    private List<String> shapes() {
        return parts.stream()
                .map(part -> part.key() + " " + TreeShape.of(part.query()))
                .toList();
    }

    /** The rows that are grouped, part by part and branch by branch; rows that depend on other groups come after these. */
    List<GroupedPart.Branch> branches() {
        return parts.stream()
                .flatMap(part -> part.branches().stream())
                .flatMap(GroupedPart.Branch::all)
                .toList();
    }

    /** The query around the parts. */
    Node query() {
        return catalogIndex.query(around).orElseThrow();
    }
}
