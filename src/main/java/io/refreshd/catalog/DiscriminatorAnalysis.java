package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the {@link Discriminator} by which a view takes its rows from a table.
 *
 * <p>Why a condition in WHERE is enough, whatever the query does with the rows that pass it: a join row that holds none of the
 * wanted values does not pass. Nor would the row with NULLs that an outer join makes where the table's row is missing or finds no
 * match. So the table's other rows might as well not exist, provided the query reads the table in no other place.
 */
final class Discriminators {
    private static final int DEEPEST = 20;
    private static final int MORE_THAN_ONE_CAN_TELL = 2;

    /** What lets every row of its FROM that passes its WHERE come out by itself. */
    private static final List<String> TRANSPARENT_FLAGS =
            List.of("hasAggs", "hasWindowFuncs", "hasTargetSRFs", "hasDistinctOn");

    private static final List<String> TRANSPARENT_CLAUSES = List.of(
            "groupClause",
            "groupingSets",
            "havingQual",
            "windowClause",
            "distinctClause",
            "limitOffset",
            "limitCount",
            "setOperations");

    private final CatalogIndex catalogIndex;

    Discriminators(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
    }

    /** @param sources everything the view is made from: a policy reads what the query does not tell of */
    Optional<Discriminator> of(Relation view, Relation table, Sources sources) {
        Optional<Node> query = catalogIndex.query(view);
        boolean policies = sources.relations().stream()
                .anyMatch(relation -> relation.traits().rowSecurity() != RowSecurity.OFF);
        if (query.isEmpty()
                || policies
                || readings(query.get(), view, catalogIndex.lineOf(table), new HashMap<>()) != 1) {
            return Optional.empty();
        }
        return restriction(query.get(), table, 0);
    }

    /**
     * How often the query reads the table, by its own name or that of a parent, sub-selects and plain views included. The rule
     * of a plain view made by PostgreSQL 15 names the view itself, as OLD and NEW; they are not read.
     *
     * @param counted by view
     */
    private int readings(Node query, Relation reader, Set<Long> line, Map<Long, Integer> counted) {
        int[] count = new int[1];
        query.visit(node -> {
            if (!node.label().equals("RANGETBLENTRY")
                    || !node.is("rtekind", "0")
                    || node.number("relid") == reader.oid()) {
                return;
            }
            if (line.contains(node.number("relid"))) {
                count[0]++;
            }
            Relation read = catalogIndex.relation(node.number("relid"));
            if (read != null && read.kind() == RelationKind.VIEW) {
                count[0] += readings(read, line, counted);
            }
        });
        return Math.min(count[0], MORE_THAN_ONE_CAN_TELL);
    }

    private int readings(Relation view, Set<Long> line, Map<Long, Integer> counted) {
        Integer known = counted.get(view.oid());
        if (known != null) {
            return known;
        }
        // For a view that leads back to itself.
        counted.put(view.oid(), MORE_THAN_ONE_CAN_TELL);
        int count = catalogIndex
                .query(view)
                .map(query -> readings(query, view, line, counted))
                .orElse(MORE_THAN_ONE_CAN_TELL);
        counted.put(view.oid(), count);
        return count;
    }

    private Optional<Discriminator> restriction(Node query, Relation table, int depth) {
        List<Node> conditions = conditions(query);
        Optional<Discriminator> found = Optional.empty();
        for (int index : joined(query)) {
            Optional<Node> inner = inner(query, index);
            if (inner.isPresent() && depth < DEEPEST) {
                found = found.or(() -> restriction(inner.get(), table, depth + 1));
            }
            for (Node condition : conditions) {
                found = found.or(() -> Equality.of(condition, index)
                        .flatMap(equality -> column(query, index, equality.column(), table, depth)
                                .filter(equality::comparesLikeText)
                                .map(column -> Discriminator.of(column.name(), equality.values()))));
            }
        }
        return found;
    }

    /** The table's column that the numbered column of something in FROM is, unaltered. */
    private Optional<Relation.Column> column(Node query, int index, int number, Relation table, int depth) {
        Node entry = entry(query, index).orElseThrow();
        Relation read = entry.is("rtekind", "0") ? catalogIndex.relation(entry.number("relid")) : null;
        if (read != null && catalogIndex.lineOf(table).contains(read.oid())) {
            // A child has the columns of its parent at numbers of its own.
            return read.columns().stream()
                    .filter(c -> c.number() == number)
                    .flatMap(c ->
                            table.columns().stream().filter(own -> own.name().equals(c.name())))
                    .findFirst();
        }
        Optional<Node> inner = inner(query, index).filter(Discriminators::transparent);
        if (inner.isEmpty() || depth > DEEPEST) {
            return Optional.empty();
        }
        for (Part part : inner.get().items("targetList")) {
            if (part instanceof Node target
                    && target.number("resno") == number
                    && target.all("expr").size() == 1
                    && target.all("expr").getFirst() instanceof Node variable
                    && variable.label().equals("VAR")
                    && variable.is("varlevelsup", "0")) {
                int below = (int) variable.number("varno");
                if (joined(inner.get()).contains(below)) {
                    return column(inner.get(), below, (int) variable.number("varattno"), table, depth + 1);
                }
            }
        }
        return Optional.empty();
    }

    private static boolean transparent(Node query) {
        return TRANSPARENT_FLAGS.stream().allMatch(flag -> query.is(flag, "false"))
                && TRANSPARENT_CLAUSES.stream().allMatch(query::none);
    }

    private static Optional<Node> entry(Node query, int index) {
        List<Part> entries = query.items("rtable");
        return index >= 1 && index <= entries.size() && entries.get(index - 1) instanceof Node node
                ? Optional.of(node)
                : Optional.empty();
    }

    /** The query behind a plain view or a sub-select in FROM. */
    private Optional<Node> inner(Node query, int index) {
        Node entry = entry(query, index).orElseThrow();
        if (entry.is("rtekind", "1")) {
            return entry.all("subquery").size() == 1 && entry.all("subquery").getFirst() instanceof Node inner
                    ? Optional.of(inner)
                    : Optional.empty();
        }
        Relation relation = entry.is("rtekind", "0") ? catalogIndex.relation(entry.number("relid")) : null;
        return relation != null && relation.kind() == RelationKind.VIEW
                ? catalogIndex.query(relation)
                : Optional.empty();
    }

    /** Tables, views and sub-selects that its FROM joins. */
    private static Set<Integer> joined(Node query) {
        Set<Integer> joined = new HashSet<>();
        query.all("jointree")
                .forEach(tree -> tree.visit(node -> {
                    if (node.label().equals("RANGETBLREF")) {
                        joined.add((int) node.number("rtindex"));
                    }
                }));
        joined.removeIf(index -> entry(query, index).isEmpty());
        return joined;
    }

    /** What every row that comes out of FROM and WHERE has passed: the parts of WHERE, and of the conditions of inner joins. */
    private static List<Node> conditions(Node query) {
        List<Node> found = new ArrayList<>();
        query.all("jointree").forEach(tree -> collect(tree, found));
        return found;
    }

    private static void collect(Part tree, List<Node> found) {
        if (tree instanceof Items items) {
            items.parts().forEach(part -> collect(part, found));
        } else if (tree instanceof Node node && node.label().equals("FROMEXPR")) {
            node.all("quals").forEach(condition -> split(condition, found));
            node.all("fromlist").forEach(part -> collect(part, found));
        } else if (tree instanceof Node node && node.label().equals("JOINEXPR") && node.is("jointype", "0")) {
            node.all("quals").forEach(condition -> split(condition, found));
            node.all("larg").forEach(part -> collect(part, found));
            node.all("rarg").forEach(part -> collect(part, found));
        }
    }

    private static void split(Part condition, List<Node> found) {
        if (condition instanceof Node node) {
            if (node.label().equals("BOOLEXPR") && node.is("boolop", "and")) {
                node.items("args").forEach(part -> split(part, found));
            } else {
                found.add(node);
            }
        }
    }
}
