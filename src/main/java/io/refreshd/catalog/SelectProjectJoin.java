package io.refreshd.catalog;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A query that selects, projects and joins and does nothing else, flattened through the plain views it reads.
 *
 * <p>Why that is enough: of such a query, the result rows that stem from one row of a table used once depend on no other row of
 * that table. So if a row changes, only result rows with its key may differ, but for one case: on the nullable side of an
 * outer join a row that matches makes a row with NULLs go away. It goes away together with the coming of a row that carries
 * both keys, that of the changed row and that of the preserved one; and no such row was there before, since the preserved one had
 * no match then. So the change shows if the view shows both keys, unless something above the join filters the one row and not
 * the other: then the table counts as hidden. Without the key of the preserved row, a row that came may look like one that went.
 */
final class QueryShape {
    private static final List<String> NOT_SET = List.of(
            "hasAggs",
            "hasWindowFuncs",
            "hasTargetSRFs",
            "hasSubLinks",
            "hasDistinctOn",
            "hasRecursive",
            "hasModifyingCTE");
    private static final List<String> EMPTY = List.of(
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
    private static final int DEEPEST = 20;

    /** A table in the query. */
    static final class Use {
        int times;
        boolean nullable;
        boolean hidden;
        /** The tables on the other side of the outer joins that make it nullable. */
        final Set<Long> preserved = new TreeSet<>();
    }

    /** A column of a table that comes out unaltered. */
    record Origin(long relation, int column) {}

    /** Says why a query is not of this shape. */
    static final class Unfit extends Exception {
        private static final long serialVersionUID = 1L;

        Unfit(String why) {
            super(why, null, false, false);
        }
    }

    final Map<Long, Use> uses = new HashMap<>();
    final List<@Nullable Origin> outputs = new ArrayList<>();

    private final CatalogIndex catalogIndex;
    private final List<NodeTree.Node> entries = new ArrayList<>();
    private final Map<Integer, QueryShape> inner = new HashMap<>();
    private final Set<Integer> joined = new HashSet<>();
    private final Set<Integer> filtered = new HashSet<>();
    /** What is nullable, and what is on the other side then. */
    private final Map<Integer, Set<Integer>> nullable = new HashMap<>();

    private final Set<Integer> hidden = new HashSet<>();

    private QueryShape(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
    }

    static QueryShape of(Relation view, CatalogIndex catalogIndex) throws Unfit {
        return of(view, catalogIndex, 0);
    }

    private static QueryShape of(Relation view, CatalogIndex catalogIndex, int depth) throws Unfit {
        Optional<NodeTree.Node> query = catalogIndex.query(view);
        if (query.isEmpty() || depth > DEEPEST) {
            throw new Unfit("the query of " + view.sql() + " could not be examined");
        }
        QueryShape shape = new QueryShape(catalogIndex);
        shape.read(query.get(), view, depth);
        return shape;
    }

    private void read(NodeTree.Node query, Relation view, int depth) throws Unfit {
        for (String flag : NOT_SET) {
            if (!query.is(flag, "false")) {
                throw new Unfit(view.sql() + " is no plain select of joined tables (" + flag + ")");
            }
        }
        for (String clause : EMPTY) {
            if (!query.none(clause)) {
                throw new Unfit(view.sql() + " is no plain select of joined tables (" + clause + ")");
            }
        }
        for (NodeTree.Part part : query.items("rtable")) {
            entries.add(node(part));
        }
        if (query.all("jointree").size() != 1) {
            throw new Unfit(view.sql() + " has no FROM that could be read");
        }
        walk(query.all("jointree").getFirst(), new HashSet<>());
        for (int index : joined) {
            use(index, view, depth);
        }
        nullable.forEach((index, sides) -> {
            Set<Long> preserved =
                    sides.stream().flatMap(side -> tables(side).stream()).collect(Collectors.toSet());
            tables(index)
                    .forEach(table -> uses.computeIfAbsent(table, oid -> new Use())
                            .preserved
                            .addAll(preserved));
        });
        for (NodeTree.Part part : query.items("targetList")) {
            NodeTree.Node target = node(part);
            SafeExpressions.check(target);
            if (target.is("resjunk", "false")) {
                outputs.add(
                        target.number("resno") == outputs.size() + 1
                                        && target.all("expr").size() == 1
                                ? origin(target.all("expr").getFirst())
                                : null);
            } else if (!target.is("resjunk", "true")) {
                throw new Unfit(view.sql() + " has a column that could not be read");
            }
        }
    }

    private static NodeTree.Node node(NodeTree.Part part) throws Unfit {
        if (part instanceof NodeTree.Node node) {
            return node;
        }
        throw new Unfit("a query tree of an unknown form");
    }

    /** @param above what conditions above this part refer to @return the tables and views in it */
    private Set<Integer> walk(NodeTree.Part part, Set<Integer> above) throws Unfit {
        NodeTree.Node node = node(part);
        Set<Integer> found = new HashSet<>();
        switch (node.label()) {
            case "RANGETBLREF" -> {
                int index = (int) node.number("rtindex");
                if (!joined.add(index)) {
                    throw new Unfit("a query tree of an unknown form");
                }
                found.add(index);
            }
            case "FROMEXPR" -> {
                Set<Integer> here = new HashSet<>(above);
                here.addAll(references(node));
                for (NodeTree.Part item : node.items("fromlist")) {
                    found.addAll(walk(item, here));
                }
            }
            case "JOINEXPR" -> {
                Set<Integer> here = new HashSet<>(above);
                here.addAll(references(node));
                if (node.all("larg").size() != 1 || node.all("rarg").size() != 1) {
                    throw new Unfit("a join of an unknown form");
                }
                Set<Integer> left = walk(node.all("larg").getFirst(), here);
                Set<Integer> right = walk(node.all("rarg").getFirst(), here);
                switch ((int) node.number("jointype")) {
                    case 0 -> {}
                    case 1 -> nulled(right, left, above);
                    case 2 -> {
                        nulled(left, right, above);
                        nulled(right, left, above);
                    }
                    case 3 -> nulled(left, right, above);
                    default -> throw new Unfit("a join of an unknown kind");
                }
                found.addAll(left);
                found.addAll(right);
            }
            default -> throw new Unfit("a FROM of an unknown form (" + node.label() + ")");
        }
        return found;
    }

    private void nulled(Set<Integer> side, Set<Integer> other, Set<Integer> above) {
        side.forEach(
                index -> nullable.computeIfAbsent(index, i -> new HashSet<>()).addAll(other));
        if (side.stream().anyMatch(above::contains)) {
            hidden.addAll(side);
        }
    }

    /** What a condition refers to; a column that a join merged stands for everything. */
    private Set<Integer> references(NodeTree.Node owner) throws Unfit {
        Set<Integer> found = new HashSet<>();
        for (NodeTree.Part quals : owner.all("quals")) {
            if (!(quals instanceof NodeTree.Word)) {
                SafeExpressions.check(quals);
                quals.visit(node -> {
                    if (node.label().equals("VAR")) {
                        int index = (int) node.number("varno");
                        if (relation(index) == null) {
                            for (int i = 1; i <= entries.size(); i++) {
                                found.add(i);
                            }
                        }
                        found.add(index);
                    }
                });
            }
        }
        filtered.addAll(found);
        return found;
    }

    private @Nullable Relation relation(int index) {
        if (index < 1 || index > entries.size()) {
            return null;
        }
        NodeTree.Node entry = entries.get(index - 1);
        return entry.label().equals("RANGETBLENTRY") && entry.is("rtekind", "0")
                ? catalogIndex.relation(entry.number("relid"))
                : null;
    }

    private void use(int index, Relation reader, int depth) throws Unfit {
        Relation relation = relation(index);
        if (relation == null) {
            throw new Unfit(reader.sql() + " reads from something that is no table (a sub-select, a function, VALUES)");
        }
        NodeTree.Node entry = entries.get(index - 1);
        if (!entry.none("tablesample")
                || (!entry.none("securityQuals") && !entry.all("securityQuals").isEmpty())) {
            throw new Unfit(reader.sql() + " reads only part of " + relation.sql());
        }
        switch (relation.kind()) {
            case TABLE -> {
                if (!catalogIndex.childrenOf(relation).isEmpty()) {
                    throw new Unfit("table " + relation.sql() + " has inheritance children");
                }
                Use use = uses.computeIfAbsent(relation.oid(), oid -> new Use());
                use.times++;
                use.nullable |= nullable.containsKey(index);
                use.hidden |= hidden.contains(index);
            }
            case VIEW -> {
                QueryShape shape = of(relation, catalogIndex, depth + 1);
                inner.put(index, shape);
                shape.uses.forEach((oid, below) -> {
                    Use use = uses.computeIfAbsent(oid, same -> new Use());
                    use.times += below.times;
                    use.nullable |= below.nullable || nullable.containsKey(index);
                    // A view's column may stem from any of its tables, so a condition on it is one on all of them.
                    use.preserved.addAll(below.preserved);
                    use.hidden |=
                            below.hidden || hidden.contains(index) || (below.nullable && filtered.contains(index));
                });
            }
            case PARTITIONED_TABLE -> throw new Unfit("table " + relation.sql() + " is partitioned");
            case MATERIALIZED_VIEW -> throw new Unfit("reads the materialized view " + relation.sql());
            case FOREIGN_TABLE, SEQUENCE, OTHER -> throw new Unfit("reads " + relation.sql() + ", which is no table");
        }
    }

    private Set<Long> tables(int index) {
        QueryShape view = inner.get(index);
        Relation relation = relation(index);
        if (view != null) {
            return view.uses.keySet();
        }
        return relation == null ? Set.of() : Set.of(relation.oid());
    }

    private @Nullable Origin origin(NodeTree.Part expression) {
        if (!(expression instanceof NodeTree.Node node) || !node.label().equals("VAR")) {
            return null;
        }
        int index = (int) node.number("varno");
        int column = (int) node.number("varattno");
        Relation relation = relation(index);
        if (relation == null || column < 1 || !joined.contains(index)) {
            return null;
        }
        QueryShape view = inner.get(index);
        if (view == null) {
            return new Origin(relation.oid(), column);
        }
        return column <= view.outputs.size() ? view.outputs.get(column - 1) : null;
    }
}
