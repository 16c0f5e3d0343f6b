package io.refreshd.catalog;

import io.refreshd.catalog.IncrementalQuery.HiddenColumn;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The query of a view as if it showed what it groups by and does not show, as in {@code SELECT u.name, count(*) … GROUP BY u.id}. The
 * store has these keys of groups as hidden columns.
 *
 * @param view with the hidden columns before its own
 * @param query shows them likewise
 * @param columns the hidden columns; none if the query shows all by which it groups
 */
record HiddenGroupKeys(Relation view, Node query, List<HiddenColumn> columns) {
    /** @param query of the view itself, no sub-select of it */
    static HiddenGroupKeys of(Relation view, Node query, CatalogIndex catalogIndex) {
        if (GroupKey.isOfOneRow(query)) {
            List<HiddenColumn> key =
                    List.of(HiddenColumn.ofGroups(new HiddenNames(view).next(), "the one row", HiddenColumn.ONE_ROW));
            return new HiddenGroupKeys(with(view, key), QueryRewrite.showing(query, List.of(OneRowKey.column())), key);
        }
        List<Part> clause = clause(query);
        EntryNames names = new EntryNames(query, new RangeTable(query, catalogIndex), List.of());
        HiddenNames free = new HiddenNames(view);
        List<Node> shown = new ArrayList<>();
        List<HiddenColumn> columns = new ArrayList<>();
        for (Node target : GroupKey.notShown(query, catalogIndex)) {
            // The server writes the list in the order of the clause.
            for (int i = 0; i < clause.size(); i++) {
                if (clause.get(i) instanceof Node item
                        && item.number("tleSortGroupRef") == target.number("ressortgroupref")) {
                    shown.add(target);
                    columns.add(HiddenColumn.ofGroups(free.next(), words(query, target, names), i + 1));
                    break;
                }
            }
        }
        return columns.isEmpty()
                ? new HiddenGroupKeys(view, query, List.of())
                : new HiddenGroupKeys(with(view, columns), QueryRewrite.showing(query, shown), columns);
    }

    /** What the server writes as a list: GROUP BY, else DISTINCT ON, else PARTITION BY if it is the same in all windows. */
    private static List<Part> clause(Node query) {
        if (!query.isNull("groupClause")) {
            return query.items("groupClause");
        }
        if (query.is("hasDistinctOn", "true")) {
            return query.items("distinctClause");
        }
        List<List<Part>> partitions = query.items("windowClause").stream()
                .map(window -> ((Node) window).items("partitionClause"))
                .distinct()
                .toList();
        return partitions.size() == 1 ? partitions.getFirst() : List.of();
    }

    private static String words(Node query, Node target, EntryNames names) {
        Node expression = GroupKey.expression(query, target).orElseThrow();
        int entry = (int) expression.number("varno");
        Optional<String> column = expression.label().equals("VAR")
                ? names.of(entry)
                        .flatMap(alias -> names.column(entry, (int) expression.number("varattno"))
                                .map(name -> alias + "." + name))
                : Optional.empty();
        return column.orElse("an expression by which it groups");
    }

    private static Relation with(Relation view, List<HiddenColumn> hidden) {
        List<Relation.Column> columns = new ArrayList<>();
        hidden.forEach(column -> columns.add(new Relation.Column(columns.size() + 1, column.name(), 0, -1, false, "")));
        view.columns()
                .forEach(column -> columns.add(new Relation.Column(
                        columns.size() + 1,
                        column.name(),
                        column.type(),
                        column.modifier(),
                        column.generated(),
                        column.keyType())));
        return new Relation(view.oid(), view.schema(), view.name(), view.kind(), view.traits(), columns);
    }
}
