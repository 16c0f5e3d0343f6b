package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.model.SqlNames;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The range table of one query: the tables, views, sub-selects, functions and joins in it, to which the expressions and the join tree
 * refer by number. Numbers start at 1.
 */
final class RangeTable {
    private final List<Part> entries;
    private final CatalogIndex catalogIndex;

    RangeTable(Node query, CatalogIndex catalogIndex) {
        this.entries = query.items("rtable");
        this.catalogIndex = catalogIndex;
    }

    int size() {
        return entries.size();
    }

    Optional<Node> entry(int index) {
        return index >= 1 && index <= entries.size() && entries.get(index - 1) instanceof Node node
                ? Optional.of(node)
                : Optional.empty();
    }

    /** The table, view or materialized view of the entry; null if the entry is something else. */
    @Nullable Relation relation(int index) {
        return entry(index)
                .filter(entry -> entry.label().equals("RANGETBLENTRY") && entry.is("rtekind", "0"))
                .map(entry -> catalogIndex.relation(entry.number("relid")))
                .orElse(null);
    }

    /** The name of the entry, for people. */
    String name(int index) {
        return SqlNames.identifier(entry(index)
                .flatMap(entry -> EntryNames.alias(entry, "eref"))
                .map(EntryNames::aliasName)
                .orElse("?"));
    }

    /** The query behind the entry; empty if the entry is neither a sub-select nor a plain view. */
    Optional<Node> subquery(int index) {
        Optional<Node> entry = entry(index);
        if (entry.isPresent() && entry.get().is("rtekind", "1")) {
            return entry.get().all("subquery").size() == 1
                            && entry.get().all("subquery").getFirst() instanceof Node query
                    ? Optional.of(query)
                    : Optional.empty();
        }
        Relation relation = relation(index);
        return relation != null && relation.kind() == RelationKind.VIEW
                ? catalogIndex.query(relation)
                : Optional.empty();
    }
}
