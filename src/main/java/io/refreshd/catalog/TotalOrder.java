package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Decides whether some columns of a query put all its rows in one order. */
final class TotalOrder {
    private final Node query;
    private final RangeTable rangeTable;
    private final CatalogIndex catalogIndex;

    TotalOrder(Node query, CatalogIndex catalogIndex) {
        this.query = query;
        this.rangeTable = new RangeTable(query, catalogIndex);
        this.catalogIndex = catalogIndex;
    }

    /** The numbers by which sort and group clauses name entries of the target list. */
    static Set<Long> references(List<Part> clauses) {
        return clauses.stream()
                .filter(Node.class::isInstance)
                .map(clause -> ((Node) clause).number("tleSortGroupRef"))
                .collect(Collectors.toSet());
    }

    /** The entries of the target list. */
    static List<Node> targets(Node query) {
        return query.items("targetList").stream()
                .filter(Node.class::isInstance)
                .map(Node.class::cast)
                .toList();
    }

    /**
     * Whether no two rows are equal in these columns: they are all columns by which the query groups, or hold the primary key of each
     * table in FROM. If it cannot be told, the answer is no.
     */
    boolean of(Set<Long> references) {
        List<Part> groups = query.items("groupClause");
        if (!groups.isEmpty()) {
            return query.isNull("groupingSets") && references.containsAll(references(groups));
        }
        if (query.is("hasAggs", "true")) {
            return true;
        }
        Map<Integer, Set<Integer>> columns = new HashMap<>();
        for (Node target : targets(query)) {
            if (references.contains(target.number("ressortgroupref"))
                    && target.all("expr").size() == 1
                    && target.all("expr").getFirst() instanceof Node variable
                    && variable.label().equals("VAR")) {
                columns.computeIfAbsent((int) variable.number("varno"), entry -> new HashSet<>())
                        .add((int) variable.number("varattno"));
            }
        }
        Set<Integer> read = read(query);
        return query.isNull("setOperations")
                && !read.isEmpty()
                && read.stream().allMatch(entry -> holdsKey(entry, columns.getOrDefault(entry, Set.of())));
    }

    /**
     * The range table entries that FROM or a set operation names, joins apart. Before PostgreSQL 16 the range table of a view holds the
     * view itself too.
     */
    static Set<Integer> read(Node query) {
        Set<Integer> entries = new TreeSet<>();
        query.all("jointree").forEach(part -> addRead(part, entries));
        query.all("setOperations").forEach(part -> addRead(part, entries));
        return entries;
    }

    private static void addRead(Part part, Set<Integer> entries) {
        switch (part) {
            case Node node when node.label().equals("RANGETBLREF") -> entries.add((int) node.number("rtindex"));
            // A sub-select in a condition has a range table of its own.
            case Node node when node.label().equals("QUERY") -> {}
            case Node node -> node.fields().values().forEach(field -> field.forEach(one -> addRead(one, entries)));
            case NodeTree.Items items -> items.parts().forEach(one -> addRead(one, entries));
            case NodeTree.Token token -> {
                // A leaf holds no entry.
            }
        }
    }

    /** Whether the columns are all that the query returns: rows that they do not tell apart are equal. */
    boolean isWholeRow(Set<Long> references) {
        return targets(query).stream()
                .filter(target -> target.is("resjunk", "false"))
                .allMatch(target -> references.contains(target.number("ressortgroupref")));
    }

    private boolean holdsKey(int entry, Set<Integer> columns) {
        Relation relation = rangeTable.relation(entry);
        return relation != null
                && catalogIndex.indexesOf(relation).stream()
                        .anyMatch(index -> index.is(Index.Trait.PRIMARY) && columns.containsAll(index.columns()));
    }
}
