package io.refreshd.catalog;

import io.refreshd.catalog.IncrementalQuery.Inner;
import io.refreshd.catalog.IncrementalQuery.MapText;
import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Splits a query that groups rows, or joins sub-selects that do; see {@link GroupedQuery}.
 *
 * <p>Invariant: what is not understood is refused. A part is a sub-select, a plain view or a query of WITH in FROM of the view's query, or
 * that query as a whole.
 */
final class GroupedSplitter {
    private static final Set<Index.Trait> KEY =
            Set.of(Index.Trait.REPLICA_IDENTITY, Index.Trait.VALID, Index.Trait.IMMEDIATE, Index.Trait.BTREE);

    private final Relation view;
    private final CatalogIndex extended;
    private final List<GroupedPart> parts = new ArrayList<>();

    GroupedSplitter(Relation view, CatalogIndex extended) {
        this.view = view;
        this.extended = extended;
    }

    Optional<GroupedQuery> split(Node query) throws UnsupportedQueryException {
        Node around;
        if (isGrouped(query)) {
            List<String> names =
                    view.columns().stream().map(Relation.Column::name).toList();
            GroupedPart part =
                    part(query, view.name(), names, new MapText(Optional.empty(), List.of(), -1, List.of()), List.of());
            around = QueryRewrite.allOf(part.table().oid(), names.size());
        } else {
            around = QueryRewrite.withTables(query, tables(query));
        }
        return parts.isEmpty()
                ? Optional.empty()
                : Optional.of(new GroupedQuery(
                        derived(view.name(), RelationKind.MATERIALIZED_VIEW, view.columns(), Optional.of(around)),
                        parts,
                        extended));
    }

    /** The parts that FROM joins, by the number of the entry. */
    private Map<Integer, Long> tables(Node query) throws UnsupportedQueryException {
        RangeTable rangeTable = new RangeTable(query, extended);
        EntryNames names = new EntryNames(query, rangeTable, List.of());
        WithClauses with = WithClauses.NONE.inside(query);
        Map<Integer, Long> found = new TreeMap<>();
        for (int entry : joined(query)) {
            Relation relation = rangeTable.relation(entry);
            Optional<Node> inner = rangeTable
                    .subquery(entry)
                    .or(() -> rangeTable.entry(entry).flatMap(with::find).map(WithClauses.Found::query));
            if (inner.isEmpty() || !isGrouped(inner.get())) {
                continue;
            }
            Optional<String> clause = names.with(entry);
            String name = relation != null
                    ? relation.name()
                    : clause.or(() -> names.of(entry)).orElse("");
            int columns = TotalOrder.targets(inner.get()).size();
            List<String> columnNames = IntStream.rangeClosed(1, columns)
                    .mapToObj(number -> names.column(entry, number).orElse(""))
                    .toList();
            GroupedPart part = part(
                    inner.get(),
                    name,
                    columnNames,
                    new MapText(
                            Optional.ofNullable(relation).map(Relation::oid),
                            relation != null
                                    ? List.of()
                                    : List.of(new Inner(
                                            clause.or(() -> names.of(entry)).orElse(""), clause.isPresent())),
                            -1,
                            List.of()),
                    relation != null ? List.of() : List.of(names));
            found.put(entry, part.table().oid());
        }
        return found;
    }

    private static Set<Integer> joined(Node query) {
        Set<Integer> found = new TreeSet<>();
        query.all("jointree").forEach(part -> collect(part, found));
        return found;
    }

    private static void collect(Part part, Set<Integer> found) {
        if (part instanceof Items items) {
            items.parts().forEach(item -> collect(item, found));
        } else if (part instanceof Node node) {
            if (node.label().equals("RANGETBLREF")) {
                found.add((int) node.number("rtindex"));
            }
            List.of("fromlist", "larg", "rarg")
                    .forEach(field -> node.all(field).forEach(inside -> collect(inside, found)));
        }
    }

    private GroupedPart part(Node query, String name, List<String> columnNames, MapText text, List<EntryNames> around)
            throws UnsupportedQueryException {
        List<Node> queries = query.isNull("setOperations") ? List.of(query) : branches(query);
        List<EntryNames> aroundBranches = new ArrayList<>(around);
        if (!query.isNull("setOperations")) {
            aroundBranches.add(new EntryNames(query, new RangeTable(query, extended), around));
        }
        List<SortedMap<Integer, Node>> columns = new ArrayList<>();
        for (Node one : queries) {
            refuseNested(one);
            columns.add(GroupKey.of(one, view));
        }
        Map<Integer, String> types = types(columns);
        List<Integer> key = chosen(queries, columns, types);
        if (key.isEmpty()) {
            throw new UnsupportedQueryException(
                    queries.size() == 1
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
        extended.add(table, Optional.empty(), List.of(new Index(table.oid(), table.oid(), name, key, KEY)));
        List<GroupedPart.Branch> branches = new ArrayList<>();
        for (int i = 0; i < queries.size(); i++) {
            List<Node> expressions = new ArrayList<>();
            for (int number : key) {
                expressions.add(columns.get(i).get(number));
            }
            Relation map = derived(
                    name,
                    RelationKind.MATERIALIZED_VIEW,
                    IntStream.range(0, key.size())
                            .mapToObj(at -> new Relation.Column(
                                    at + 1, "key_" + (at + 1), 0, -1, false, types.getOrDefault(key.get(at), "")))
                            .toList(),
                    Optional.of(QueryRewrite.rowsRead(queries.get(i), expressions)));
            branches.add(new GroupedPart.Branch(
                    map,
                    new MapText(text.view(), text.into(), queries.size() == 1 ? -1 : i, key),
                    List.copyOf(aroundBranches)));
        }
        GroupedPart part = new GroupedPart(table, key, branches, queries);
        parts.add(part);
        return part;
    }

    private void refuseNested(Node query) throws UnsupportedQueryException {
        RangeTable rangeTable = new RangeTable(query, extended);
        WithClauses with = WithClauses.NONE.inside(query);
        for (int entry : joined(query)) {
            Optional<Node> inner = rangeTable
                    .subquery(entry)
                    .or(() -> rangeTable.entry(entry).flatMap(with::find).map(WithClauses.Found::query));
            if (inner.isPresent() && isGrouped(inner.get())) {
                throw new UnsupportedQueryException(
                        "groups the rows of a sub-select or plain view that groups rows itself");
            }
        }
    }

    /** The branches of a set operation, in the order in which they are written. */
    private List<Node> branches(Node query) throws UnsupportedQueryException {
        List<String> beyond = new ArrayList<>(QueryShape.beyondJoins(query));
        beyond.remove(QueryShape.SET_OPERATION);
        if (!beyond.isEmpty()) {
            throw new UnsupportedQueryException(view.sql() + " has a set operation with " + QueryShape.list(beyond)
                    + ": no key tells which of its rows a change alters");
        }
        RangeTable rangeTable = new RangeTable(query, extended);
        List<Node> found = new ArrayList<>();
        for (Part operation : query.all("setOperations")) {
            addBranches(operation, rangeTable, found);
        }
        return found;
    }

    private static void addBranches(Part part, RangeTable rangeTable, List<Node> found)
            throws UnsupportedQueryException {
        if (part instanceof Node node && node.label().equals("SETOPERATIONSTMT")) {
            for (Part side :
                    List.of(node.all("larg").getFirst(), node.all("rarg").getFirst())) {
                addBranches(side, rangeTable, found);
            }
        } else if (part instanceof Node node && node.label().equals("RANGETBLREF")) {
            found.add(rangeTable
                    .subquery((int) node.number("rtindex"))
                    .orElseThrow(() -> new UnsupportedQueryException("a set operation of an unknown form")));
        } else {
            throw new UnsupportedQueryException("a set operation of an unknown form");
        }
    }

    /** For each column of the key in every branch, of one type: its type for look-ups. */
    private Map<Integer, String> types(List<SortedMap<Integer, Node>> columns) {
        Map<Integer, String> found = new TreeMap<>();
        columns.getFirst().forEach((number, expression) -> {
            String type = ExpressionType.keyType(expression);
            boolean everywhere = columns.stream().allMatch(branch -> {
                Node other = branch.get(number);
                return other != null
                        && ExpressionType.keyType(other).equals(type)
                        && ExpressionType.of(other) == ExpressionType.of(expression);
            });
            if (!type.isEmpty() && everywhere) {
                found.put(number, type);
            }
        });
        return found;
    }

    /** Of a set operation of plain rows one column is enough that holds the primary key in every branch. */
    private List<Integer> chosen(
            List<Node> queries, List<SortedMap<Integer, Node>> columns, Map<Integer, String> types) {
        if (queries.size() > 1) {
            for (int number : types.keySet()) {
                if (IntStream.range(0, queries.size())
                        .allMatch(i -> isPrimary(queries.get(i), columns.get(i).get(number)))) {
                    return List.of(number);
                }
            }
        }
        return List.copyOf(types.keySet());
    }

    private boolean isPrimary(Node query, @Nullable Node expression) {
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
        Relation relation = new Relation(
                extended.nextDerived(),
                // No schema has this name, so that no table is taken for it.
                parts.isEmpty() ? "sub-select" : "sub-select " + (parts.size() + 1),
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
        extended.add(relation, query, List.of());
        return relation;
    }

    private static boolean isGrouped(Node query) {
        List<String> beyond = new ArrayList<>(QueryShape.beyondJoins(query));
        beyond.remove(QueryShape.WITH);
        return !beyond.isEmpty();
    }
}
