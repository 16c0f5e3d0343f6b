package io.refreshd.catalog;

import io.refreshd.catalog.JoinedReads.Origin;
import io.refreshd.catalog.JoinedReads.Read;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/** The conditions and sub-queries of a query whose tables are {@link JoinedReads}, and the columns that they compare. */
final class JoinedConditions {
    /**
     * An equality that a row of a read must meet to matter: it stands beside rows of the other read alone whose column has the value of
     * its column.
     *
     * @param column of the read
     * @param other the column that has its value
     * @param operator oid of the operator
     * @param shows whether the rows of the result that differ by a row of the read have that value in the other column; otherwise a
     *     condition further up may drop them, and keep those that replace them
     */
    record Match(Origin column, Origin other, long operator, boolean shows) {}

    /**
     * A sub-query in an expression.
     *
     * @param outer finds the column that a VAR node of it refers to
     * @param shows whether the rows of the result that differ by the sub-query's value show that column
     */
    record SubQuery(SubLink subLink, Function<Node, Optional<Origin>> outer, Predicate<Origin> shows) {}

    private final List<Read> reads;
    private final Function<Node, Optional<Origin>> origins;
    private final List<Match> matches = new ArrayList<>();
    private final List<SubQuery> subQueries = new ArrayList<>();

    /**
     * @param reads of the query, which grow
     * @param origins finds the column of a read that a VAR node is
     */
    JoinedConditions(List<Read> reads, Function<Node, Optional<Origin>> origins) {
        this.reads = reads;
        this.origins = origins;
    }

    /** The equalities of FROM and WHERE. Not every read has one. */
    List<Match> matches() {
        return matches;
    }

    /** All sub-queries in expressions. */
    List<SubQuery> subQueries() {
        return subQueries;
    }

    /**
     * Adds what the conditions of FROM and WHERE say. An inner join keeps only rows that meet its equalities. A row of a nullable side
     * meets them with the preserved row beside which it stands, or NULLs in its place: so the preserved column shows both. Conditions
     * further up may drop either of them, unless they are above another outer join that has this one on its nullable side.
     */
    void add(JoinTree joins) throws UnsupportedQueryException {
        for (JoinTree.Place place : joins.places()) {
            boolean seen = !joins.isHiddenAbove(place.entries());
            RequiredConditions.in(place.condition()).forEach(condition -> addMatches(condition, place, seen));
            for (SubLink subLink : SubLink.inCondition(place.condition(), false)) {
                subQueries.add(new SubQuery(
                        subLink,
                        origins,
                        origin -> place.nullable()
                                        .contains(reads.get(origin.read()).entry())
                                ? !reads.get(origin.read()).hidden()
                                : seen));
            }
        }
    }

    private void addMatches(Node condition, JoinTree.Place place, boolean shows) {
        List<Part> sides = condition.items("args");
        if (!condition.label().equals("OPEXPR") || sides.size() != 2) {
            return;
        }
        Optional<Origin> left = ofThisQuery(sides.get(0));
        Optional<Origin> right = ofThisQuery(sides.get(1));
        if (left.isPresent() && right.isPresent()) {
            addMatch(left.get(), right.get(), condition, place, shows);
            addMatch(right.get(), left.get(), condition, place, shows);
        }
    }

    private Optional<Origin> ofThisQuery(Part side) {
        return NodeTree.bare(side) instanceof Node node && node.is("varlevelsup", "0")
                ? origins.apply(node)
                : Optional.empty();
    }

    private void addMatch(Origin column, Origin other, Node condition, JoinTree.Place place, boolean shows) {
        int entry = reads.get(column.read()).entry();
        int otherEntry = reads.get(other.read()).entry();
        boolean inner = place.nullable().isEmpty();
        if (column.read() != other.read()
                && (inner
                        || (place.nullable().contains(entry)
                                && !place.nullable().contains(otherEntry)))) {
            matches.add(new Match(column, other, condition.number("opno"), shows));
        }
    }

    /** Adds the sub-queries in the expression of a column. The result shows whatever they refer to, or NULLs. */
    void addColumn(Part target) throws UnsupportedQueryException {
        for (SubLink subLink : SubLink.inColumn(target)) {
            subQueries.add(new SubQuery(subLink, origins, origin -> true));
        }
    }

    /**
     * Adds a sub-query by which rows of a read change.
     *
     * @param read its number; the sub-query refers to its columns alone
     */
    void addOfRead(SubLink subQuery, int read) {
        subQueries.add(new SubQuery(
                subQuery,
                variable -> Optional.of(new Origin(read, (int) variable.number("varattno")))
                        .filter(origin -> origin.column() > 0),
                origin -> !reads.get(origin.read()).hidden()));
    }

    /**
     * Adds a sub-select in FROM that correlates. Each row that differs by it holds the columns to which it refers, unless an outer join puts
     * NULLs in their place and a condition above keeps those rows alone.
     */
    void addComputed(SubLink subSelect) {
        subQueries.add(new SubQuery(
                subSelect, origins, origin -> !reads.get(origin.read()).hidden()));
    }

    /**
     * Adds what the conditions of an inner query say.
     *
     * @param first the number of its first read in this query
     * @param hidden whether rows of the inner query come and go without that the result has to show them
     * @param referenced whether a condition of this query refers to the inner one: to which of its tables is not known
     */
    void addInner(JoinedReads within, int first, boolean hidden, boolean referenced) {
        JoinedConditions inner = within.conditions();
        inner.matches.forEach(match -> matches.add(new Match(
                moved(match.column(), first),
                moved(match.other(), first),
                match.operator(),
                match.shows() && !hidden)));
        inner.subQueries.forEach(subQuery -> subQueries.add(new SubQuery(
                subQuery.subLink(),
                node -> subQuery.outer().apply(node).map(origin -> moved(origin, first)),
                origin -> !hidden
                        && !(referenced
                                && within.reads().get(origin.read() - first).nullable())
                        && subQuery.shows().test(moved(origin, -first)))));
    }

    private static Origin moved(Origin origin, int by) {
        return new Origin(origin.read() + by, origin.column());
    }
}
