package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A select-project-join query: it joins tables, filters rows, computes columns, and does nothing else. Plain views, sub-selects and
 * queries of WITH that it reads once are flattened into it. A sub-query in an expression has a value for each row that is filtered or
 * computed, as a function of the row has. As long as the tables in it stay the same, it alters nothing of what follows.
 *
 * <p>The result rows of such a query that stem from one row of a table depend on no other row of that table, if the query reads the
 * table once. So when a row changes, only result rows with its key can differ, with one exception.
 *
 * <p>The exception is the nullable side of an outer join, where a row that finds a match makes a row with NULLs go away. Whenever
 * that row goes, a row appears that carries two keys: the key of the changed row, and the key of the preserved row on the other side.
 * No row with both keys existed before, since the preserved row had no match. So the change shows if the view shows both keys.
 * Without the key of the preserved row, the row that appeared may look like the one that went. Nor does the change have to show if a
 * condition above the join drops one of the two rows and keeps the other: {@link TableUse#hidden}.
 */
final class SelectProjectJoin {
    /** A column of a table, which a query's output column shows unaltered. */
    record Origin(long relation, int column) {}

    private final Relation reader;
    private final CatalogIndex catalogIndex;
    private final QueryPurpose purpose;
    private final RangeTable rangeTable;
    private final JoinTree joinTree;
    private final List<Part> targets;
    private final int depth;
    private final QueryBudget budget;
    private final WithClauses with;
    private final Map<Long, TableUse> uses = new HashMap<>();
    private final List<@Nullable Origin> outputs = new ArrayList<>();
    /** The plain views, sub-selects and queries of WITH that the query reads, by their numbers in the range table. */
    private final Map<Integer, SelectProjectJoin> views = new HashMap<>();

    private final List<SubLink.Placed> subQueries = new ArrayList<>();

    /** @param name what people call the query: a view, or part of one */
    private SelectProjectJoin(
            Node query,
            Relation reader,
            String name,
            CatalogIndex catalogIndex,
            QueryPurpose purpose,
            int depth,
            QueryBudget budget,
            WithClauses outer)
            throws UnsupportedQueryException {
        this.reader = reader;
        this.purpose = purpose;
        this.catalogIndex = catalogIndex;
        this.depth = depth;
        this.budget = budget;
        this.with = outer.inside(query);
        if (budget.isExceeded(depth)) {
            throw QueryBudget.exceeded();
        }
        QueryShape.requirePlainSelect(query, name, purpose);
        for (Part part : query.items("rtable")) {
            NodeTree.node(part);
        }
        if (query.all("jointree").size() != 1) {
            throw new UnsupportedQueryException(catalogIndex.nameOf(reader) + " has no FROM that could be read");
        }
        this.rangeTable = new RangeTable(query, catalogIndex);
        this.targets = query.items("targetList");
        this.joinTree = JoinTree.of(query.all("jointree").getFirst(), rangeTable, purpose);
        addUses();
        joinTree.preserved().forEach(this::addPreserved);
        addSubQueries(joinTree.subLinks());
        for (Part part : targets) {
            addOutput(NodeTree.node(part));
        }
    }

    /** @throws UnsupportedQueryException if the view's query is not a select-project-join query */
    static SelectProjectJoin of(Relation view, CatalogIndex catalogIndex, QueryPurpose purpose)
            throws UnsupportedQueryException {
        return of(view, catalogIndex, purpose, 0, new QueryBudget());
    }

    private static SelectProjectJoin of(
            Relation view, CatalogIndex catalogIndex, QueryPurpose purpose, int depth, QueryBudget budget)
            throws UnsupportedQueryException {
        Optional<Node> query = catalogIndex.query(view);
        if (query.isEmpty()) {
            throw new UnsupportedQueryException("the query of " + view.sql() + " could not be examined");
        }
        return new SelectProjectJoin(
                query.get(), view, catalogIndex.nameOf(view), catalogIndex, purpose, depth, budget, WithClauses.NONE);
    }

    /**
     * How the query reads the table, itself or as a partition of another table; null if it does not, or reads it by more than one
     * name.
     */
    @Nullable TableUse use(Relation table) {
        Relation named = namedFor(table);
        return named == null ? null : uses.get(named.oid());
    }

    /** The sub-queries in expressions, also of what was flattened. */
    List<SubLink.Placed> subQueries() {
        return subQueries;
    }

    /** The table by whose name the query reads the rows of this one; null if there is none, or more than one. */
    private @Nullable Relation namedFor(Relation table) {
        List<Long> named = catalogIndex.selfAndAncestorsOf(table).stream()
                .filter(uses::containsKey)
                .toList();
        return named.size() == 1 ? catalogIndex.relation(named.getFirst()) : null;
    }

    /** The number, from 1, of the output column that shows the table's column unaltered; 0 if there is none. */
    int positionOf(Relation table, int column) {
        Relation named = namedFor(table);
        if (named == null) {
            return 0;
        }
        // A partition has the columns of its parent by name, and may have them at other numbers.
        return table.columns().stream()
                .filter(own -> own.number() == column)
                .flatMap(own ->
                        named.columns().stream().filter(other -> other.name().equals(own.name())))
                .mapToInt(other -> outputs.indexOf(new Origin(named.oid(), other.number())) + 1)
                .findFirst()
                .orElse(0);
    }

    /** Adds all tables and views that are joined. Those that cannot be read are all named. */
    private void addUses() throws UnsupportedQueryException {
        List<String> reasons = new ArrayList<>();
        for (int index : joinTree.joined()) {
            try {
                addUse(index);
            } catch (UnsupportedQueryException unsupported) {
                reasons.add(unsupported.why());
            }
        }
        if (!reasons.isEmpty()) {
            throw new UnsupportedQueryException(
                    reasons.stream().distinct().sorted().collect(Collectors.joining("; ")));
        }
    }

    private void addUse(int index) throws UnsupportedQueryException {
        Relation relation = rangeTable.relation(index);
        if (relation == null) {
            Optional<ComputedEntry> computed =
                    purpose == QueryPurpose.COMPARED ? Optional.empty() : ComputedEntry.of(rangeTable, index);
            if (computed.isPresent()) {
                addComputed(index, computed.get());
            } else {
                addSubquery(index);
            }
            return;
        }
        ReadableRelation.check(relation, rangeTable.entry(index).orElseThrow(), reader, catalogIndex);
        if (relation.kind() == RelationKind.VIEW) {
            addFlattened(index, of(relation, catalogIndex, purpose, depth + 1, budget));
        } else {
            useOf(relation.oid()).addRead(joinTree.isNullable(index), joinTree.isHidden(index));
        }
    }

    /** Adds a sub-select in FROM, or a query of WITH that is read once. Neither differs from a plain view with the same query. */
    private void addSubquery(int index) throws UnsupportedQueryException {
        Optional<Node> inFrom = rangeTable.subquery(index);
        Optional<WithClauses.Found> inWith = rangeTable.entry(index).flatMap(with::find);
        if (inFrom.isPresent()) {
            addFlattened(index, inside("the sub-select ", index, inFrom.get(), with));
        } else if (inWith.isPresent()) {
            addFlattened(
                    index,
                    inside(
                            "the query of WITH read as ",
                            index,
                            inWith.get().query(),
                            inWith.get().around()));
        } else {
            throw new UnsupportedQueryException(catalogIndex.nameOf(reader) + " reads "
                    + QueryShape.inFrom(rangeTable.entry(index), rangeTable.name(index)));
        }
    }

    private SelectProjectJoin inside(String kind, int index, Node query, WithClauses around)
            throws UnsupportedQueryException {
        String name = kind + rangeTable.name(index) + " in " + catalogIndex.nameOf(reader);
        return new SelectProjectJoin(query, reader, name, catalogIndex, purpose, depth + 1, budget, around);
    }

    private void addFlattened(int index, SelectProjectJoin inner) {
        views.put(index, inner);
        inner.subQueries.forEach(placed -> subQueries.add(
                new SubLink.Placed(placed.subLink().below(joinTree.isNullable(index)), placed.around())));
        // A column of a view may stem from any of its tables, so a condition on the view counts as one on each of them.
        inner.uses.forEach((table, inView) -> useOf(table)
                .addReadsOf(
                        inView,
                        joinTree.isNullable(index),
                        joinTree.isHidden(index) || (inView.nullable() && joinTree.isReferenced(index))));
    }

    private void addPreserved(int index, Set<Integer> otherSide) {
        Set<Long> tables =
                otherSide.stream().flatMap(other -> tables(other).stream()).collect(Collectors.toSet());
        tables(index).forEach(table -> useOf(table).addPreserved(tables));
    }

    /** Adds what is computed of other columns of the row. The tables that a sub-select reads are read as those of a sub-query. */
    private void addComputed(int index, ComputedEntry entry) throws UnsupportedQueryException {
        entry.check();
        Optional<SubLink> subSelect = entry.subSelect(joinTree.isNullable(index));
        if (subSelect.isPresent()) {
            add(subSelect.get(), entry.isUsed(index, targets, joinTree, rangeTable) ? purpose : QueryPurpose.KEPT);
        }
    }

    private void addSubQueries(List<SubLink> found) throws UnsupportedQueryException {
        for (SubLink subLink : found) {
            if (purpose != QueryPurpose.KEPT && subLink.notCompared().isPresent()) {
                throw new UnsupportedQueryException(subLink.notCompared().get());
            }
            add(subLink, purpose);
        }
    }

    private void add(SubLink subLink, QueryPurpose forWhat) throws UnsupportedQueryException {
        SubQueryReads.of(subLink, catalogIndex, forWhat, budget)
                .forEach((table, times) -> useOf(table).addReadsInSubQuery(times));
        subQueries.add(new SubLink.Placed(subLink, this));
    }

    private TableUse useOf(long table) {
        return uses.computeIfAbsent(table, oid -> new TableUse());
    }

    private Set<Long> tables(int index) {
        SelectProjectJoin view = views.get(index);
        if (view != null) {
            return view.uses.entrySet().stream()
                    .filter(use -> use.getValue().isJoined())
                    .map(Map.Entry::getKey)
                    .collect(Collectors.toSet());
        }
        Relation relation = rangeTable.relation(index);
        return relation == null ? Set.of() : Set.of(relation.oid());
    }

    private void addOutput(Node target) throws UnsupportedQueryException {
        SafeExpressions.checkColumn(target, purpose);
        addSubQueries(SubLink.inColumn(target));
        if (target.is("resjunk", "false")) {
            outputs.add(
                    target.number("resno") == outputs.size() + 1
                                    && target.all("expr").size() == 1
                                    && target.all("expr").getFirst() instanceof Node node
                                    && node.label().equals("VAR")
                                    && node.is("varlevelsup", "0")
                            ? origin(node)
                            : null);
        } else if (!target.is("resjunk", "true")) {
            throw new UnsupportedQueryException(catalogIndex.nameOf(reader) + " has a column that could not be read");
        }
    }

    /**
     * The table's column that a column of this query is; null if it is anything else.
     *
     * @param node a VAR node, of this query or of a sub-query in it, that refers to this query
     */
    @Nullable Origin origin(Node node) {
        int index = (int) node.number("varno");
        int column = (int) node.number("varattno");
        if (column < 1 || !joinTree.joined().contains(index)) {
            return null;
        }
        SelectProjectJoin view = views.get(index);
        if (view != null) {
            return column <= view.outputs.size() ? view.outputs.get(column - 1) : null;
        }
        Relation relation = rangeTable.relation(index);
        return relation == null ? null : new Origin(relation.oid(), column);
    }
}
