package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Infers output columns that form a unique key of a query, to suggest a unique index: the group columns of
 * an aggregate, all columns of a DISTINCT, the keys of the tables that are joined.
 */
final class LikelyKey {
    private final CatalogIndex catalogIndex;
    /** Of the view that is asked about. */
    private QueryBudget budget = new QueryBudget();

    LikelyKey(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
    }

    /**
     * The answer about a query.
     *
     * @param known whether the query is of a form that was examined to its end
     * @param columns numbers of the output columns, from 1; empty if there is no key, or the view does not show it
     */
    record Answer(boolean known, List<Integer> columns) {
        private static final Answer NONE = new Answer(true, List.of());
        private static final Answer UNKNOWN = new Answer(false, List.of());

        private static Answer of(Iterable<Integer> columns) {
            List<Integer> list = new ArrayList<>();
            columns.forEach(list::add);
            return new Answer(true, List.copyOf(list));
        }
    }

    Answer of(Relation view) {
        budget = new QueryBudget();
        return of(view, 0);
    }

    private Answer of(Relation view, int depth) {
        return catalogIndex.query(view).map(query -> of(query, depth)).orElse(Answer.UNKNOWN);
    }

    private Answer of(Node query, int depth) {
        if (budget.isExceeded(depth) || !query.is("hasTargetSRFs", "false")) {
            return Answer.NONE;
        }
        if (!query.isNull("setOperations")) {
            return ofSetOperation(query);
        }
        if (!query.isNull("groupingSets")) {
            return Answer.NONE;
        }
        if (!query.isNull("distinctClause")) {
            return shown(query, "distinctClause");
        }
        if (!query.isNull("groupClause")) {
            return shown(query, "groupClause");
        }
        if (!query.is("hasAggs", "false")) {
            // One row.
            return Answer.of(List.of(1));
        }
        return ofSource(query, depth);
    }

    /** UNION, INTERSECT and EXCEPT without ALL make the rows distinct. */
    private static Answer ofSetOperation(Node query) {
        return query.all("setOperations").getFirst() instanceof Node operation && operation.is("all", "false")
                ? Answer.of(IntStream.rangeClosed(1, query.items("targetList").size())
                        .boxed()
                        .toList())
                : Answer.NONE;
    }

    /** The output columns by which the clause groups; none if the query does not show one of them. */
    private static Answer shown(Node query, String clause) {
        TreeSet<Integer> columns = new TreeSet<>();
        for (Part item : query.items(clause)) {
            Optional<Node> target =
                    item instanceof Node group ? target(query, group.number("tleSortGroupRef")) : Optional.empty();
            if (target.isEmpty() || !target.get().is("resjunk", "false")) {
                return Answer.NONE;
            }
            columns.add((int) target.get().number("resno"));
        }
        return Answer.of(columns);
    }

    private static Optional<Node> target(Node query, long reference) {
        return query.items("targetList").stream()
                .filter(Node.class::isInstance)
                .map(Node.class::cast)
                .filter(target -> reference > 0 && target.number("ressortgroupref") == reference)
                .findFirst();
    }

    /** The keys of what the query reads. */
    private Answer ofSource(Node query, int depth) {
        Optional<Node> tree =
                query.all("jointree").size() == 1 && query.all("jointree").getFirst() instanceof Node node
                        ? Optional.of(node)
                        : Optional.empty();
        Optional<SortedSet<Integer>> entries = tree.flatMap(JoinedKeys::entries);
        if (entries.isEmpty()) {
            return tree.isEmpty() ? Answer.UNKNOWN : Answer.NONE;
        }
        SortedMap<Integer, List<List<Integer>>> keys = new TreeMap<>();
        SortedMap<Integer, Answer> shown = new TreeMap<>();
        for (int entry : entries.get()) {
            List<List<Integer>> unique = keys(new RangeTable(query, catalogIndex), entry, depth);
            keys.put(entry, unique);
            unique.stream()
                    .map(key -> outputs(query, entry, key))
                    .filter(answer -> !answer.columns().isEmpty())
                    .findFirst()
                    .ifPresent(answer -> shown.put(entry, answer));
        }
        TreeSet<Integer> columns = new TreeSet<>();
        JoinedKeys.identifying(tree.orElseThrow(), keys, shown)
                .forEach(entry ->
                        columns.addAll(shown.getOrDefault(entry, Answer.NONE).columns()));
        return Answer.of(columns);
    }

    /** The unique keys of an entry of the range table. */
    List<List<Integer>> keys(RangeTable rangeTable, int entry, int depth) {
        Relation relation = rangeTable.relation(entry);
        List<List<Integer>> keys = new ArrayList<>();
        // Its columns have other numbers than those of its store.
        if (relation != null && catalogIndex.incremental(relation).isPresent()) {
            return keys;
        }
        if (relation != null && relation.kind() != RelationKind.VIEW && !readsChildren(rangeTable, entry, relation)) {
            catalogIndex.indexesOf(relation).stream()
                    .filter(LikelyKey::isKey)
                    .sorted(Comparator.comparing(index -> !index.is(Index.Trait.PRIMARY)))
                    .map(Index::columns)
                    .forEach(keys::add);
        }
        Answer inner = relation != null && relation.kind() == RelationKind.MATERIALIZED_VIEW
                ? of(relation, depth + 1)
                : rangeTable
                        .subquery(entry)
                        .map(source -> of(source, depth + 1))
                        .orElse(Answer.NONE);
        if (!inner.columns().isEmpty()) {
            keys.add(inner.columns());
        }
        return keys;
    }

    /** Whether rows of tables that inherit from it are read too: a key of the table does not tell these apart. */
    private boolean readsChildren(RangeTable rangeTable, int entry, Relation relation) {
        return relation.kind() == RelationKind.TABLE
                && !catalogIndex.childrenOf(relation).isEmpty()
                && rangeTable
                        .entry(entry)
                        .filter(node -> node.is("inh", "true"))
                        .isPresent();
    }

    /** A primary key; or the unique index of a materialized view, which REFRESH … CONCURRENTLY already relies on. */
    private static boolean isKey(Index index) {
        return index.is(Index.Trait.UNIQUE)
                && index.is(Index.Trait.VALID)
                && !index.is(Index.Trait.PARTIAL)
                && !index.hasExpression()
                && (index.is(Index.Trait.PRIMARY) || index.is(Index.Trait.BTREE));
    }

    /** The output columns that show the given columns of the entry; none if one of them is not shown. */
    private static Answer outputs(Node query, int index, List<Integer> columns) {
        List<Integer> found = new ArrayList<>();
        for (int column : columns) {
            Optional<Long> output = query.items("targetList").stream()
                    .filter(Node.class::isInstance)
                    .map(Node.class::cast)
                    .filter(target -> target.is("resjunk", "false") && shows(target, index, column))
                    .map(target -> target.number("resno"))
                    .findFirst();
            if (output.isEmpty()) {
                return Answer.NONE;
            }
            found.add(output.get().intValue());
        }
        return Answer.of(found);
    }

    private static boolean shows(Node target, int index, int column) {
        return target.all("expr").size() == 1
                && target.all("expr").getFirst() instanceof Node shown
                && shown.label().equals("VAR")
                && shown.is("varlevelsup", "0")
                && shown.number("varno") == index
                && shown.number("varattno") == column;
    }
}
