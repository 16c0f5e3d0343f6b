package io.refreshd.catalog;

import io.refreshd.catalog.IncrementalQuery.Carried;
import io.refreshd.catalog.IncrementalQuery.HiddenColumn;
import io.refreshd.catalog.IncrementalQuery.Inner;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Each read of a table by a select-project-join query, with plain views, sub-selects and queries of WITH flattened into it. Unlike
 * {@link SelectProjectJoin}, which it relies on for what such a query is, it tells two reads of one table apart.
 */
final class JoinedReads {
    /** Views are followed no deeper than this, so that views which read each other in a cycle come to an end. */
    private static final int MAX_DEPTH = 20;

    /** Most reads of one query: plain views that read others twice would double them at each level. */
    private static final int MOST = 100;

    /**
     * One read of a table.
     *
     * @param entry number of the entry in the outermost range table through which the table is read
     * @param nullable whether an outer join makes a row with NULLs where no row of the table matches
     * @param hidden whether a condition above such a join may hide that a row found its match; see {@link JoinTree#mayHide}
     * @param columns for numbers of the table's columns: the number of the entry's column that shows it unaltered
     */
    record Read(Relation table, int entry, boolean nullable, boolean hidden, Map<Integer, Integer> columns) {}

    /** A column of a read, by the number of the read from 0. */
    record Origin(int read, int column) {}

    private final CatalogIndex catalogIndex;
    private final Node tree;
    private final RangeTable rangeTable;
    private final EntryNames names;
    private final List<Read> reads = new ArrayList<>();
    private final List<@Nullable Origin> outputs = new ArrayList<>();
    private final SortedMap<Integer, JoinedReads> inner = new TreeMap<>();
    /** For each read through an inner query: its number there. */
    private final Map<Integer, Integer> numbers = new HashMap<>();

    private final JoinedConditions conditions = new JoinedConditions(reads, this::origin);

    /** @param query of a view for which {@link SelectProjectJoin} was made */
    JoinedReads(Node query, CatalogIndex catalogIndex) throws UnsupportedQueryException {
        this(query, catalogIndex, List.of());
    }

    /** @param namesAround the names of the queries inside of which the query is written */
    JoinedReads(Node query, CatalogIndex catalogIndex, List<EntryNames> namesAround) throws UnsupportedQueryException {
        this(query, catalogIndex, WithClauses.NONE, namesAround, 0);
    }

    private JoinedReads(
            Node query, CatalogIndex catalogIndex, WithClauses outer, List<EntryNames> namesAround, int depth)
            throws UnsupportedQueryException {
        if (depth > MAX_DEPTH
                || query.all("jointree").size() != 1
                || !(query.all("jointree").getFirst() instanceof Node jointree)) {
            throw new UnsupportedQueryException("a query tree of an unknown form");
        }
        boolean[] system = {false};
        query.visit(node -> system[0] |= node.label().equals("VAR") && node.number("varattno") < 0);
        if (system[0]) {
            throw new UnsupportedQueryException(
                    "reads a system column (ctid, xmin, tableoid …), which may change without a change of the row");
        }
        this.catalogIndex = catalogIndex;
        this.tree = jointree;
        this.rangeTable = new RangeTable(query, catalogIndex);
        this.names = new EntryNames(query, rangeTable, namesAround);
        List<EntryNames> namesInside = new ArrayList<>(namesAround);
        namesInside.add(names);
        JoinTree joins = JoinTree.of(jointree, rangeTable, QueryPurpose.KEPT);
        WithClauses with = outer.inside(query);
        for (int entry : new TreeSet<>(joins.joined())) {
            add(entry, joins, with, namesInside, depth);
            if (reads.size() > MOST) {
                throw new UnsupportedQueryException("joins more than " + MOST + " tables");
            }
        }
        conditions.add(joins);
        for (Part part : query.items("targetList")) {
            conditions.addColumn(part);
            if (part instanceof Node target && target.is("resjunk", "false")) {
                outputs.add(
                        target.all("expr").size() == 1
                                ? origin(target.all("expr").getFirst()).orElse(null)
                                : null);
            }
        }
    }

    List<Read> reads() {
        return reads;
    }

    /** What each output column shows; null for a column that is computed. */
    List<@Nullable Origin> outputs() {
        return outputs;
    }

    JoinedConditions conditions() {
        return conditions;
    }

    /** The plain view through which a table is read; or the name of a sub-select or a query of WITH. */
    String source(int entry) {
        Relation view = rangeTable.relation(entry);
        return view == null ? names.of(entry).orElse("a sub-select") : view.sql();
    }

    EntryNames names() {
        return names;
    }

    /**
     * How the query could show a column of a read, as one more column.
     *
     * @param name of that column
     * @return empty if it could not: a plain view, or the name of a join, is in between
     */
    Optional<HiddenColumn> showing(Origin origin, String name) {
        List<Carried> carried = new ArrayList<>();
        return named(origin, name, List.of(), carried)
                .map(column -> new HiddenColumn(
                        name, column.alias(), column.column(), origin.read(), origin.column(), carried));
    }

    private Optional<Carried> named(Origin origin, String name, List<Inner> into, List<Carried> carried) {
        Read read = reads.get(origin.read());
        int entry = read.entry();
        Optional<String> alias = names.of(entry);
        Integer shown = read.columns().get(origin.column());
        if (alias.isEmpty() || shown != null) {
            return alias.flatMap(known ->
                    names.column(entry, shown == null ? 0 : shown).map(column -> new Carried(into, known, column)));
        }
        JoinedReads within = inner.get(entry);
        if (within == null || rangeTable.relation(entry) != null) {
            return Optional.empty();
        }
        Optional<String> with = names.with(entry);
        // A query of WITH is found by its name alone, wherever it stands.
        List<Inner> deeper = new ArrayList<>(with.isPresent() ? List.of() : into);
        deeper.add(new Inner(with.orElse(alias.get()), with.isPresent()));
        int at = carried.size();
        return within.named(new Origin(numbers.getOrDefault(origin.read(), 0), origin.column()), name, deeper, carried)
                .map(column -> {
                    carried.add(at, new Carried(deeper, column.alias(), column.column()));
                    return new Carried(into, alias.get(), name);
                });
    }

    /** The number, from 1, of the output column that shows a column of a read; 0 if there is none. */
    int positionOf(int read, int column) {
        return outputs.indexOf(new Origin(read, column)) + 1;
    }

    /** The numbers of the reads whose rows are determined by one row of the given read, by the equalities between them. */
    Set<Integer> determinedBy(int read) {
        int entry = reads.get(read).entry();
        JoinedReads within = inner.get(entry);
        Set<Integer> found = new TreeSet<>();
        if (within != null) {
            Set<Integer> inside = within.determinedBy(numbers.getOrDefault(read, 0));
            if (inside.size() < within.reads.size()) {
                numbers.forEach((outerNumber, innerNumber) -> {
                    if (reads.get(outerNumber).entry() == entry && inside.contains(innerNumber)) {
                        found.add(outerNumber);
                    }
                });
                return found;
            }
        }
        LikelyKey likely = new LikelyKey(catalogIndex);
        Map<Integer, List<List<Integer>>> keys = new HashMap<>();
        reads.forEach(other -> keys.computeIfAbsent(other.entry(), e -> likely.keys(rangeTable, e, 0)));
        Set<Integer> determined = JoinedKeys.determinedBy(tree, keys, entry);
        for (int i = 0; i < reads.size(); i++) {
            if (determined.contains(reads.get(i).entry())) {
                found.add(i);
            }
        }
        return found;
    }

    private void add(int entry, JoinTree joins, WithClauses with, List<EntryNames> namesInside, int depth)
            throws UnsupportedQueryException {
        Relation relation = rangeTable.relation(entry);
        Optional<ComputedEntry> computed = ComputedEntry.of(rangeTable, entry);
        if (computed.isPresent()) {
            computed.get().subSelect(joins.isNullable(entry)).ifPresent(conditions::addComputed);
            return;
        }
        if (relation != null && relation.kind() != RelationKind.VIEW) {
            Map<Integer, Integer> own = new HashMap<>();
            relation.columns().forEach(column -> own.put(column.number(), column.number()));
            reads.add(new Read(relation, entry, joins.isNullable(entry), joins.mayHide(entry), own));
            catalogIndex.subQueriesOf(relation).forEach(subQuery -> conditions.addOfRead(subQuery, reads.size() - 1));
            return;
        }
        JoinedReads within = inside(entry, with, namesInside, depth);
        inner.put(entry, within);
        conditions.addInner(within, reads.size(), joins.mayHide(entry), joins.isReferenced(entry));
        for (int i = 0; i < within.reads.size(); i++) {
            Read read = within.reads.get(i);
            Map<Integer, Integer> shown = new HashMap<>();
            for (int output = within.outputs.size(); output >= 1; output--) {
                Origin origin = within.outputs.get(output - 1);
                if (origin != null && origin.read() == i) {
                    shown.put(origin.column(), output);
                }
            }
            numbers.put(reads.size(), i);
            reads.add(new Read(
                    read.table(),
                    entry,
                    read.nullable() || joins.isNullable(entry),
                    read.hidden() || joins.mayHide(entry) || (read.nullable() && joins.isReferenced(entry)),
                    shown));
        }
    }

    private JoinedReads inside(int entry, WithClauses with, List<EntryNames> namesInside, int depth)
            throws UnsupportedQueryException {
        Relation view = rangeTable.relation(entry);
        Optional<Node> query = rangeTable.subquery(entry);
        if (query.isPresent()) {
            return view == null
                    ? new JoinedReads(query.get(), catalogIndex, with, namesInside, depth + 1)
                    : new JoinedReads(query.get(), catalogIndex, WithClauses.NONE, List.of(), depth + 1);
        }
        WithClauses.Found found = rangeTable
                .entry(entry)
                .flatMap(with::find)
                .orElseThrow(() -> new UnsupportedQueryException("reads from something that is no table"));
        return new JoinedReads(
                found.query(),
                catalogIndex,
                found.around(),
                namesInside.subList(0, found.around().queries().size()),
                depth + 1);
    }

    /** The column of a read that the expression is, if it is one, of this query or of a sub-query in it. */
    private Optional<Origin> origin(Part expression) {
        if (!(expression instanceof Node node) || !node.label().equals("VAR")) {
            return Optional.empty();
        }
        int entry = (int) node.number("varno");
        int number = (int) node.number("varattno");
        for (int i = 0; i < reads.size(); i++) {
            Read read = reads.get(i);
            if (read.entry() == entry) {
                for (Map.Entry<Integer, Integer> column : read.columns().entrySet()) {
                    if (column.getValue() == number) {
                        return Optional.of(new Origin(i, column.getKey()));
                    }
                }
            }
        }
        return Optional.empty();
    }
}
