package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The reads of tables by a sub-query in an expression, also through plain views, sub-selects and further sub-queries inside, with the
 * equalities that bind them.
 *
 * <p>A {@link Binding} says that rows of a read with another value than the bound one, or with NULL, might as well not exist beside a
 * row that has that value. Such a row does not pass WHERE or the ON of an inner join, nor does a row with NULLs that an outer join
 * makes in its place; on the nullable side it finds no match. For IN it is no match. Where NULL and false make a difference, a row that is no match counts as
 * well: NULL among the rows, or NULL as the outer value, makes IN neither true nor false. So there IN needs columns of primary keys on
 * both sides, on no nullable side.
 *
 * <p>What is done with the rows that pass, be it grouping or UNION, does not matter for what binds them.
 */
final class SubQueryJoins {
    /** Views are followed no deeper than this, so that views which read each other in a cycle come to an end. */
    private static final int MAX_DEPTH = 20;

    // The server's JoinType.
    private static final int INNER = 0;
    private static final int LEFT = 1;
    private static final int FULL = 2;
    private static final int RIGHT = 3;

    /**
     * One read of a table.
     *
     * @param nullable whether NULLs may stand in place of its row in the query that joins it
     */
    record Read(Relation table, boolean nullable) {}

    /** What has the value by which rows are bound. */
    sealed interface Value {}

    /** A column of a read in the sub-query. */
    record Inner(int read, int column) implements Value {}

    /** A column of the query that holds the expression, as a VAR node. */
    record Outer(Node variable) implements Value {}

    /**
     * An equality that a row of a read must meet to matter.
     *
     * @param column the column of the read that is compared
     * @param operator oid of the operator
     * @param collationFits whether the operator compares by the collation of one of the columns
     */
    record Binding(Inner column, Value value, long operator, boolean collationFits) {}

    private final CatalogIndex catalogIndex;
    private final Predicate<Node> outerKey;
    private final List<Read> reads = new ArrayList<>();
    private final List<Binding> bindings = new ArrayList<>();

    /**
     * @param subLink one for which {@link SubQueryReads} found what it reads
     * @param outerKey whether a column of the outer query, as a VAR node, belongs to a primary key and to no nullable side
     */
    SubQueryJoins(SubLink subLink, CatalogIndex catalogIndex, Predicate<Node> outerKey) {
        this.catalogIndex = catalogIndex;
        this.outerKey = outerKey;
        QueryScope scope = new QueryScope(subLink.query(), null, true, catalogIndex);
        add(scope, 0, false, 0);
        bindComparison(subLink, null, scope);
        addUnvisited(subLink);
    }

    List<Read> reads() {
        return reads;
    }

    List<Binding> bindings() {
        return bindings;
    }

    /** Reads at places that were not visited are bound by nothing. */
    private void addUnvisited(SubLink subLink) {
        Map<Long, Integer> all;
        try {
            all = SubQueryReads.of(subLink, catalogIndex, QueryPurpose.KEPT, new QueryBudget());
        } catch (UnsupportedQueryException e) {
            throw new IllegalStateException("a sub-query that was examined before", e);
        }
        all.forEach((oid, times) -> {
            Relation table = Objects.requireNonNull(catalogIndex.relation(oid));
            long visited =
                    reads.stream().filter(read -> read.table().oid() == oid).count();
            for (long i = visited; i < times; i++) {
                reads.add(new Read(table, true));
            }
        });
    }

    /**
     * @param self oid of the plain view whose query this is; 0 if it is none
     * @param nullable whether the rows of the query are on the nullable side of an outer join
     */
    private void add(QueryScope scope, long self, boolean nullable, int depth) {
        if (depth > MAX_DEPTH) {
            return;
        }
        Set<Integer> nullableEntries = new HashSet<>();
        scope.query().all("jointree").forEach(tree -> addNullable(tree, nullable, nullableEntries));
        for (int entry = 1; entry <= scope.rangeTable().size(); entry++) {
            Relation relation = scope.rangeTable().relation(entry);
            Optional<Node> query = scope.rangeTable().subquery(entry);
            if (relation != null && relation.kind() != RelationKind.VIEW) {
                scope.tables().put(entry, reads.size());
                reads.add(new Read(relation, nullableEntries.contains(entry)));
            } else if (query.isPresent() && (relation == null || relation.oid() != self)) {
                // PostgreSQL 15 adds a plain view to its own range table, as OLD and NEW.
                QueryScope within = new QueryScope(query.get(), relation == null ? scope : null, false, catalogIndex);
                scope.inside().put(entry, within);
                add(within, relation == null ? 0 : relation.oid(), nullableEntries.contains(entry), depth + 1);
            }
        }
        scope.query().all("jointree").forEach(tree -> bind(scope, tree, depth));
        addSubQueries(scope, scope.query().all("targetList"), false, depth);
        addSubQueries(scope, scope.query().all("havingQual"), false, depth);
    }

    private void addSubQueries(QueryScope scope, List<Part> expressions, boolean condition, int depth) {
        for (Part expression : expressions) {
            for (SubLink subLink : SubLink.inside(expression, condition)) {
                QueryScope within = new QueryScope(subLink.query(), scope, false, catalogIndex);
                add(within, 0, false, depth + 1);
                bindComparison(subLink, scope, within);
            }
        }
    }

    /** Adds the entries in whose place an outer join may make NULLs. */
    private static void addNullable(Part part, boolean nullable, Set<Integer> found) {
        if (!(part instanceof Node node)) {
            return;
        }
        switch (node.label()) {
            case "RANGETBLREF" -> {
                if (nullable) {
                    found.add((int) node.number("rtindex"));
                }
            }
            case "FROMEXPR" -> node.items("fromlist").forEach(item -> addNullable(item, nullable, found));
            case "JOINEXPR" -> {
                long kind = node.number("jointype");
                node.all("larg").forEach(side -> addNullable(side, nullable || kind == FULL || kind == RIGHT, found));
                node.all("rarg").forEach(side -> addNullable(side, nullable || kind == FULL || kind == LEFT, found));
            }
            default -> {
                // No join.
            }
        }
    }

    /** @return the entries that the part joins */
    private Set<Integer> bind(QueryScope scope, Part part, int depth) {
        Set<Integer> joined = new HashSet<>();
        if (!(part instanceof Node node)) {
            return joined;
        }
        switch (node.label()) {
            case "RANGETBLREF" -> joined.add((int) node.number("rtindex"));
            case "FROMEXPR" -> {
                node.items("fromlist").forEach(item -> joined.addAll(bind(scope, item, depth)));
                bind(scope, node, joined, depth);
            }
            case "JOINEXPR" -> {
                node.all("larg").forEach(side -> joined.addAll(bind(scope, side, depth)));
                Set<Integer> right = new HashSet<>();
                node.all("rarg").forEach(side -> right.addAll(bind(scope, side, depth)));
                long kind = node.number("jointype");
                Set<Integer> left = Set.copyOf(joined);
                joined.addAll(right);
                // The other side of an outer join keeps rows that do not meet its condition.
                bind(
                        scope,
                        node,
                        kind == INNER ? joined : kind == LEFT ? right : kind == RIGHT ? left : Set.of(),
                        depth);
            }
            default -> {
                // Nothing is joined.
            }
        }
        return joined;
    }

    /** @param bound the entries whose rows have to meet the condition of ON or WHERE to matter */
    private void bind(QueryScope scope, Node owner, Set<Integer> bound, int depth) {
        addSubQueries(scope, owner.all("quals"), true, depth);
        for (Part quals : owner.all("quals")) {
            for (Node condition : RequiredConditions.in(quals)) {
                List<Part> sides = condition.items("args");
                if (condition.label().equals("OPEXPR") && sides.size() == 2) {
                    bind(scope, sides.get(0), sides.get(1), condition, bound);
                    bind(scope, sides.get(1), sides.get(0), condition, bound);
                }
            }
        }
    }

    private void bind(QueryScope scope, Part side, Part other, Node condition, Set<Integer> bound) {
        Node variable = variable(side);
        Node value = variable(other);
        if (variable != null && value != null && bound.contains((int) variable.number("varno"))) {
            scope.own(variable)
                    .ifPresent(column -> scope.value(value)
                            .filter(known -> !(known instanceof Inner inner) || inner.read() != column.read())
                            .ifPresent(known -> add(column, known, condition, variable, value)));
        }
    }

    /**
     * Binds by the comparisons of IN: {@code value = parameter}, where the parameter stands for a column of the sub-query.
     *
     * @param around the query that holds the expression; null for the outer query
     */
    private void bindComparison(SubLink subLink, @Nullable QueryScope around, QueryScope scope) {
        if (subLink.comparison().isEmpty() || !DiscriminatorAnalysis.isTransparent(scope.query())) {
            return;
        }
        for (Node condition : RequiredConditions.in(subLink.comparison().get())) {
            List<Part> sides = condition.items("args");
            Node value = condition.label().equals("OPEXPR") && sides.size() == 2 ? variable(sides.get(0)) : null;
            Node shown = value == null ? null : parameter(scope, sides.get(1));
            if (value == null || shown == null) {
                continue;
            }
            Optional<Value> known = around == null
                    ? Optional.of((Value) new Outer(value)).filter(outer -> value.is("varlevelsup", "0"))
                    : around.value(value);
            scope.own(shown)
                    .ifPresent(column -> known.filter(
                                    of -> subLink.onlyTruth() || (isNeverNull(column) && isNeverNull(of)))
                            .ifPresent(of -> add(column, of, condition, shown, value)));
        }
    }

    private void add(Inner column, Value value, Node condition, Node one, Node other) {
        long collation = condition.number("inputcollid");
        bindings.add(new Binding(
                column,
                value,
                condition.number("opno"),
                collation == one.number("varcollid") || collation == other.number("varcollid")));
    }

    private boolean isNeverNull(Value value) {
        return switch (value) {
            case Outer outer -> outerKey.test(outer.variable());
            case Inner inner -> {
                Read read = reads.get(inner.read());
                yield !read.nullable() && catalogIndex.isPrimary(read.table(), inner.column());
            }
        };
    }

    private static @Nullable Node parameter(QueryScope scope, Part side) {
        return NodeTree.bare(side) instanceof Node parameter
                        && parameter.label().equals("PARAM")
                        && parameter.is("paramkind", "2")
                ? scope.shown(parameter.number("paramid"))
                : null;
    }

    private static @Nullable Node variable(Part side) {
        return NodeTree.bare(side) instanceof Node node && node.label().equals("VAR") ? node : null;
    }
}
