package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.HashMap;
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

    /**
     * One query: the sub-query, one inside of it, or that of a plain view or sub-select in FROM.
     *
     * @param around the query to whose columns it may refer; null for a plain view, and for the sub-query itself
     * @param outermost whether it is the sub-query itself
     * @param tables for entries of the range table: the number of the read
     * @param inside for entries of the range table: the query of the plain view or sub-select
     */
    private record Scope(
            Node query,
            @Nullable Scope around,
            boolean outermost,
            RangeTable rangeTable,
            Map<Integer, Integer> tables,
            Map<Integer, Scope> inside) {}

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
        Scope scope = scope(subLink.query(), null, true);
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
            all = SubQueryReads.of(subLink, catalogIndex);
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

    private Scope scope(Node query, @Nullable Scope around, boolean outermost) {
        return new Scope(
                query, around, outermost, new RangeTable(query, catalogIndex), new HashMap<>(), new HashMap<>());
    }

    /**
     * @param self oid of the plain view whose query this is; 0 if it is none
     * @param nullable whether the rows of the query are on the nullable side of an outer join
     */
    private void add(Scope scope, long self, boolean nullable, int depth) {
        if (depth > MAX_DEPTH) {
            return;
        }
        Set<Integer> nullableEntries = new HashSet<>();
        scope.query.all("jointree").forEach(tree -> addNullable(tree, nullable, nullableEntries));
        for (int entry = 1; entry <= scope.rangeTable.size(); entry++) {
            Relation relation = scope.rangeTable.relation(entry);
            Optional<Node> query = scope.rangeTable.subquery(entry);
            if (relation != null && relation.kind() != RelationKind.VIEW) {
                scope.tables.put(entry, reads.size());
                reads.add(new Read(relation, nullableEntries.contains(entry)));
            } else if (query.isPresent() && (relation == null || relation.oid() != self)) {
                // PostgreSQL 15 adds a plain view to its own range table, as OLD and NEW.
                Scope within = scope(query.get(), relation == null ? scope : null, false);
                scope.inside.put(entry, within);
                add(within, relation == null ? 0 : relation.oid(), nullableEntries.contains(entry), depth + 1);
            }
        }
        scope.query.all("jointree").forEach(tree -> bind(scope, tree, depth));
        addSubQueries(scope, scope.query.all("targetList"), false, depth);
        addSubQueries(scope, scope.query.all("havingQual"), false, depth);
    }

    private void addSubQueries(Scope scope, List<Part> expressions, boolean condition, int depth) {
        for (Part expression : expressions) {
            for (SubLink subLink : SubLink.inside(expression, condition)) {
                Scope within = scope(subLink.query(), scope, false);
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
    private Set<Integer> bind(Scope scope, Part part, int depth) {
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
    private void bind(Scope scope, Node owner, Set<Integer> bound, int depth) {
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

    private void bind(Scope scope, Part side, Part other, Node condition, Set<Integer> bound) {
        Node variable = variable(side);
        Node value = variable(other);
        if (variable != null && value != null && bound.contains((int) variable.number("varno"))) {
            own(scope, variable)
                    .ifPresent(column -> value(scope, value)
                            .filter(known -> !(known instanceof Inner inner) || inner.read() != column.read())
                            .ifPresent(known -> add(column, known, condition, variable, value)));
        }
    }

    /**
     * Binds by the comparisons of IN: {@code value = parameter}, where the parameter stands for a column of the sub-query.
     *
     * @param around the query that holds the expression; null for the outer query
     */
    private void bindComparison(SubLink subLink, @Nullable Scope around, Scope scope) {
        if (subLink.comparison().isEmpty() || !DiscriminatorAnalysis.isTransparent(scope.query)) {
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
                    : value(around, value);
            own(scope, shown)
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

    /** The column of a read below the query that a VAR node of it is. */
    private Optional<Inner> own(Scope scope, Node variable) {
        if (!variable.is("varlevelsup", "0")) {
            return Optional.empty();
        }
        int entry = (int) variable.number("varno");
        int number = (int) variable.number("varattno");
        Scope within = scope.inside.get(entry);
        Node shown = within == null ? null : shown(within, number);
        return shown == null ? read(scope, entry, number) : own(Objects.requireNonNull(within), shown);
    }

    /** What a VAR node of the query is: a column of this query, or of one around it. */
    private Optional<Value> value(Scope scope, Node variable) {
        Scope at = scope;
        for (long levels = variable.number("varlevelsup"); levels > 0; levels--) {
            if (at.around == null) {
                return at.outermost && levels == 1 ? Optional.of(new Outer(variable)) : Optional.empty();
            }
            at = at.around;
        }
        int entry = (int) variable.number("varno");
        int number = (int) variable.number("varattno");
        Scope within = at.inside.get(entry);
        Node shown = within == null ? null : shown(within, number);
        return shown == null
                ? read(at, entry, number).map(column -> column)
                : value(Objects.requireNonNull(within), shown);
    }

    private static Optional<Inner> read(Scope scope, int entry, int number) {
        return number < 1
                ? Optional.empty()
                : Optional.ofNullable(scope.tables.get(entry)).map(read -> new Inner(read, number));
    }

    /** The VAR node that an output column of the query is; null if it is anything else. */
    private static @Nullable Node shown(Scope scope, long number) {
        if (!DiscriminatorAnalysis.isTransparent(scope.query)) {
            return null;
        }
        for (Part part : scope.query.items("targetList")) {
            if (part instanceof Node target
                    && target.number("resno") == number
                    && target.all("expr").size() == 1
                    && target.all("expr").getFirst() instanceof Node shown
                    && shown.label().equals("VAR")) {
                return shown;
            }
        }
        return null;
    }

    private static @Nullable Node parameter(Scope scope, Part side) {
        return NodeTree.bare(side) instanceof Node parameter
                        && parameter.label().equals("PARAM")
                        && parameter.is("paramkind", "2")
                ? shown(scope, parameter.number("paramid"))
                : null;
    }

    private static @Nullable Node variable(Part side) {
        return NodeTree.bare(side) instanceof Node node && node.label().equals("VAR") ? node : null;
    }
}
