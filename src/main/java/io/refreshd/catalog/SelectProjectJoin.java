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
 * A select-project-join query: it joins tables, filters rows, computes columns, and does nothing else. Plain views that it reads are
 * flattened into it.
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
    /** Flags of the query node that are false in a select-project-join query. */
    private static final List<String> FALSE_FLAGS = List.of(
            "hasAggs",
            "hasWindowFuncs",
            "hasTargetSRFs",
            "hasSubLinks",
            "hasDistinctOn",
            "hasRecursive",
            "hasModifyingCTE");

    /** Clauses of the query node that a select-project-join query does not have. */
    private static final List<String> ABSENT_CLAUSES = List.of(
            "cteList",
            "groupClause",
            "groupingSets",
            "havingQual",
            "windowClause",
            "distinctClause",
            "limitOffset",
            "limitCount",
            "rowMarks",
            "setOperations");

    /** Views are followed no deeper than this, so that views which read each other in a cycle come to an end. */
    private static final int MAX_DEPTH = 20;

    /** A column of a table, which a query's output column shows unaltered. */
    record Origin(long relation, int column) {}

    private final Relation reader;
    private final CatalogIndex catalogIndex;
    private final RangeTable rangeTable;
    private final JoinTree joinTree;
    private final int depth;
    private final Map<Long, TableUse> uses = new HashMap<>();
    private final List<@Nullable Origin> outputs = new ArrayList<>();
    /** The plain views that the query reads, by their numbers in the range table. */
    private final Map<Integer, SelectProjectJoin> views = new HashMap<>();

    private SelectProjectJoin(Node query, Relation reader, CatalogIndex catalogIndex, int depth)
            throws UnsupportedQueryException {
        this.reader = reader;
        this.catalogIndex = catalogIndex;
        this.depth = depth;
        requirePlainSelect(query);
        for (Part part : query.items("rtable")) {
            node(part);
        }
        if (query.all("jointree").size() != 1) {
            throw new UnsupportedQueryException(reader.sql() + " has no FROM that could be read");
        }
        this.rangeTable = new RangeTable(query, catalogIndex);
        this.joinTree = JoinTree.of(query.all("jointree").getFirst(), rangeTable);
        for (int index : joinTree.joined()) {
            addUse(index);
        }
        joinTree.preserved().forEach(this::addPreserved);
        for (Part part : query.items("targetList")) {
            addOutput(node(part));
        }
    }

    /** @throws UnsupportedQueryException if the view's query is not a select-project-join query */
    static SelectProjectJoin of(Relation view, CatalogIndex catalogIndex) throws UnsupportedQueryException {
        return of(view, catalogIndex, 0);
    }

    private static SelectProjectJoin of(Relation view, CatalogIndex catalogIndex, int depth)
            throws UnsupportedQueryException {
        Optional<Node> query = catalogIndex.query(view);
        if (query.isEmpty() || depth > MAX_DEPTH) {
            throw new UnsupportedQueryException("the query of " + view.sql() + " could not be examined");
        }
        return new SelectProjectJoin(query.get(), view, catalogIndex, depth);
    }

    /** How the query reads the table; null if it does not. */
    @Nullable TableUse use(Relation table) {
        return uses.get(table.oid());
    }

    /** The number, from 1, of the output column that shows the table's column unaltered; 0 if there is none. */
    int positionOf(Relation table, int column) {
        return outputs.indexOf(new Origin(table.oid(), column)) + 1;
    }

    private void requirePlainSelect(Node query) throws UnsupportedQueryException {
        for (String flag : FALSE_FLAGS) {
            if (!query.is(flag, "false")) {
                throw new UnsupportedQueryException(
                        reader.sql() + " is no plain select of joined tables (" + flag + ")");
            }
        }
        for (String clause : ABSENT_CLAUSES) {
            if (!query.isNull(clause)) {
                throw new UnsupportedQueryException(
                        reader.sql() + " is no plain select of joined tables (" + clause + ")");
            }
        }
    }

    private void addUse(int index) throws UnsupportedQueryException {
        Relation relation = rangeTable.relation(index);
        if (relation == null) {
            throw new UnsupportedQueryException(
                    reader.sql() + " reads from something that is no table (a sub-select, a function, VALUES)");
        }
        Node entry = rangeTable.entry(index).orElseThrow();
        if (!entry.isNull("tablesample")
                || (!entry.isNull("securityQuals")
                        && !entry.all("securityQuals").isEmpty())) {
            throw new UnsupportedQueryException(reader.sql() + " reads only part of " + relation.sql());
        }
        switch (relation.kind()) {
            case TABLE -> addTable(index, relation);
            case VIEW -> addView(index, relation);
            case PARTITIONED_TABLE ->
                throw new UnsupportedQueryException("table " + relation.sql() + " is partitioned");
            case MATERIALIZED_VIEW ->
                throw new UnsupportedQueryException("reads the materialized view " + relation.sql());
            case FOREIGN_TABLE, SEQUENCE, OTHER ->
                throw new UnsupportedQueryException("reads " + relation.sql() + ", which is no table");
        }
    }

    private void addTable(int index, Relation table) throws UnsupportedQueryException {
        if (!catalogIndex.childrenOf(table).isEmpty()) {
            throw new UnsupportedQueryException("table " + table.sql() + " has inheritance children");
        }
        useOf(table.oid()).addRead(joinTree.isNullable(index), joinTree.isHidden(index));
    }

    private void addView(int index, Relation view) throws UnsupportedQueryException {
        SelectProjectJoin inner = of(view, catalogIndex, depth + 1);
        views.put(index, inner);
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

    private TableUse useOf(long table) {
        return uses.computeIfAbsent(table, oid -> new TableUse());
    }

    private Set<Long> tables(int index) {
        SelectProjectJoin view = views.get(index);
        if (view != null) {
            return view.uses.keySet();
        }
        Relation relation = rangeTable.relation(index);
        return relation == null ? Set.of() : Set.of(relation.oid());
    }

    private void addOutput(Node target) throws UnsupportedQueryException {
        SafeExpressions.check(target);
        if (target.is("resjunk", "false")) {
            outputs.add(
                    target.number("resno") == outputs.size() + 1
                                    && target.all("expr").size() == 1
                            ? origin(target.all("expr").getFirst())
                            : null);
        } else if (!target.is("resjunk", "true")) {
            throw new UnsupportedQueryException(reader.sql() + " has a column that could not be read");
        }
    }

    private @Nullable Origin origin(Part expression) {
        if (!(expression instanceof Node node) || !node.label().equals("VAR")) {
            return null;
        }
        int index = (int) node.number("varno");
        int column = (int) node.number("varattno");
        Relation relation = rangeTable.relation(index);
        if (relation == null || column < 1 || !joinTree.joined().contains(index)) {
            return null;
        }
        SelectProjectJoin view = views.get(index);
        if (view == null) {
            return new Origin(relation.oid(), column);
        }
        return column <= view.outputs.size() ? view.outputs.get(column - 1) : null;
    }

    private static Node node(Part part) throws UnsupportedQueryException {
        if (part instanceof Node node) {
            return node;
        }
        throw new UnsupportedQueryException("a query tree of an unknown form");
    }
}
