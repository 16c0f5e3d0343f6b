package io.refreshd.catalog;

import io.refreshd.catalog.GroupLeaves.Leaf;
import io.refreshd.catalog.NodeTree.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Splits a query that groups rows, or joins sub-selects that do; see {@link GroupedQuery}.
 *
 * <p>Invariant: what is not understood is refused. A part is a sub-select, a plain view or a query of WITH in FROM of the query, or of a
 * sub-select that only joins; or the query as a whole. The rows that a part groups are split in turn, if they are joined with groups.
 */
final class GroupedSplitter {
    private static final Set<Index.Trait> KEY =
            Set.of(Index.Trait.REPLICA_IDENTITY, Index.Trait.VALID, Index.Trait.IMMEDIATE, Index.Trait.BTREE);

    private final Relation view;
    private final CatalogIndex extended;
    private final List<EntryNames> namesAround;
    private final QueryPurpose purpose;
    private final QueryBudget budget;
    private final int depth;
    private final List<GroupedPart> parts = new ArrayList<>();

    GroupedSplitter(Relation view, CatalogIndex extended, QueryPurpose purpose) {
        this(view, extended, List.of(), purpose, new QueryBudget(), 0);
    }

    /**
     * @param namesAround the names of the queries inside of which the query is written
     * @param depth how many queries lie around it
     */
    private GroupedSplitter(
            Relation view,
            CatalogIndex extended,
            List<EntryNames> namesAround,
            QueryPurpose purpose,
            QueryBudget budget,
            int depth) {
        this.view = view;
        this.extended = extended;
        this.namesAround = namesAround;
        this.purpose = purpose;
        this.budget = budget;
        this.depth = depth;
    }

    Optional<GroupedQuery> split(Node query) throws UnsupportedQueryException {
        PlacedQuery whole = PlacedQuery.of(query, Optional.empty(), namesAround);
        Node around;
        if (QueryShape.isGrouped(query)) {
            List<String> names =
                    view.columns().stream().map(Relation.Column::name).toList();
            around = QueryRewrite.allOf(
                    part(whole, view.name(), names, depth).table().oid(), names.size());
        } else {
            around = withTables(whole, depth);
        }
        return parts.isEmpty()
                ? Optional.empty()
                : Optional.of(new GroupedQuery(
                        derived(view.name(), RelationKind.MATERIALIZED_VIEW, view.columns(), Optional.of(around)),
                        namesAround,
                        parts,
                        extended));
    }

    /** The query with a table in place of each part that it joins, also in the sub-selects of FROM. */
    private Node withTables(PlacedQuery query, int level) throws UnsupportedQueryException {
        Map<Integer, Long> tables = new TreeMap<>();
        Map<Integer, Node> subSelects = new TreeMap<>();
        for (int entry : query.joined()) {
            Optional<PlacedQuery.InFrom> inner = query.inFrom(entry, extended);
            if (inner.isPresent() && QueryShape.isGrouped(inner.get().query().query())) {
                GroupedPart part = part(
                        inner.get().query(), inner.get().name(), inner.get().columns(), level + 1);
                if (purpose == QueryPurpose.MAPPED) {
                    new MappedColumns(query.query(), entry).check(inner.get(), extended);
                }
                tables.put(entry, part.table().oid());
            } else if (inner.isPresent()
                    && QueryRewrite.isSubSelect(query.query(), entry)
                    && !budget.isExceeded(level + 1)) {
                subSelects.put(entry, withTables(inner.get().query(), level + 1));
            }
        }
        return QueryRewrite.withSubSelects(QueryRewrite.withTables(query.query(), tables), subSelects);
    }

    /** @param level how many queries lie around this one */
    private GroupedPart part(PlacedQuery query, String name, List<String> columnNames, int level)
            throws UnsupportedQueryException {
        GroupLeaves.Found found = new GroupLeaves(view, extended, budget).of(query, level);
        List<Leaf> leaves = found.leaves();
        for (SubLink subQuery : found.subQueries()) {
            SubQueryReads.of(subQuery, extended, purpose, budget);
        }
        Map<Integer, String> types = types(leaves);
        List<Integer> key = chosen(leaves, types);
        if (key.isEmpty()) {
            throw new UnsupportedQueryException(
                    leaves.size() == 1
                            ? view.sql()
                                    + " shows no column, unaltered, that it groups by, compares in DISTINCT and partitions every window"
                                    + " by, and whose type's text form is safe to look up"
                            : "the branches of a set operation in " + view.sql()
                                    + " have no column of one type at the same place that tells their rows apart");
        }
        List<Relation.Column> tableColumns = IntStream.rangeClosed(1, columnNames.size())
                .mapToObj(number -> new Relation.Column(
                        number,
                        columnNames.get(number - 1),
                        0,
                        -1,
                        false,
                        key.contains(number) ? types.getOrDefault(number, "") : ""))
                .toList();
        Relation table = derived(name, RelationKind.TABLE, tableColumns, Optional.empty());
        extended.add(table, List.of(new Index(table.oid(), table.oid(), name, key, KEY)), found.subQueries());
        List<GroupedPart.Branch> branches = new ArrayList<>();
        for (Leaf leaf : leaves) {
            branches.add(branch(leaf, name, columnNames, key, types, level));
        }
        GroupedPart part = new GroupedPart(table, key, branches, query.query());
        parts.add(part);
        return part;
    }

    private GroupedPart.Branch branch(
            Leaf leaf, String name, List<String> names, List<Integer> key, Map<Integer, String> types, int level)
            throws UnsupportedQueryException {
        List<GroupLeaves.Column> columns =
                key.stream().map(number -> leaf.columns().get(number)).toList();
        Node rows = QueryRewrite.rowsRead(
                leaf.query().query(),
                columns.stream().map(GroupLeaves.Column::expression).toList());
        Relation map = derived(
                name,
                RelationKind.MATERIALIZED_VIEW,
                IntStream.range(0, key.size())
                        .mapToObj(at -> new Relation.Column(
                                at + 1, names.get(key.get(at) - 1), 0, -1, false, types.getOrDefault(key.get(at), "")))
                        .toList(),
                Optional.of(rows));
        return new GroupedPart.Branch(
                map,
                leaf.query()
                        .text()
                        .showing(
                                columns.stream().map(GroupLeaves.Column::number).toList()),
                leaf.query().around(),
                new GroupedSplitter(map, extended, leaf.query().around(), QueryPurpose.MAPPED, budget, level + 1)
                        .split(rows));
    }

    /** For each column of the key in every leaf, of one type: its type for look-ups. */
    private Map<Integer, String> types(List<Leaf> leaves) {
        Map<Integer, String> found = new TreeMap<>();
        leaves.getFirst().columns().forEach((number, column) -> {
            String type = keyType(leaves.getFirst(), column);
            boolean everywhere = leaves.stream().allMatch(leaf -> {
                GroupLeaves.Column other = leaf.columns().get(number);
                return other != null
                        && keyType(leaf, other).equals(type)
                        && ExpressionType.of(other.expression()) == ExpressionType.of(column.expression());
            });
            if (!type.isEmpty() && everywhere) {
                found.put(number, type);
            }
        });
        return found;
    }

    private String keyType(Leaf leaf, GroupLeaves.Column column) {
        return ExpressionType.keyType(
                column.expression(), new RangeTable(leaf.query().query(), extended));
    }

    /** Of a set operation of plain rows one column is enough that holds the primary key in every branch. */
    private List<Integer> chosen(List<Leaf> leaves, Map<Integer, String> types) {
        if (leaves.size() > 1) {
            for (int number : types.keySet()) {
                if (leaves.stream()
                        .allMatch(leaf ->
                                isPrimary(leaf.query().query(), leaf.columns().get(number)))) {
                    return List.of(number);
                }
            }
        }
        return List.copyOf(types.keySet());
    }

    private boolean isPrimary(Node query, GroupLeaves.@Nullable Column column) {
        Node expression = column == null ? null : column.expression();
        Relation table = expression != null && expression.label().equals("VAR")
                ? new RangeTable(query, extended).relation((int) expression.number("varno"))
                : null;
        return table != null
                && expression != null
                && extended.indexesOf(table).stream()
                        .anyMatch(index -> index.is(Index.Trait.PRIMARY)
                                && index.columns().equals(List.of((int) expression.number("varattno"))));
    }

    private Relation derived(String name, RelationKind kind, List<Relation.Column> columns, Optional<Node> query) {
        long oid = extended.nextDerived();
        Relation relation = new Relation(
                oid,
                // No schema has this name, so that no table is taken for it.
                "sub-select " + oid,
                name,
                kind,
                new Relation.Traits(
                        'p',
                        true,
                        kind == RelationKind.TABLE ? 'i' : 'd',
                        view.traits().owner(),
                        RowSecurity.OFF,
                        view.traits().access()),
                columns);
        extended.add(relation, query);
        return relation;
    }
}
