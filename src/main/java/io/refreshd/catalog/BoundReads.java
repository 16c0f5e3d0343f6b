package io.refreshd.catalog;

import io.refreshd.catalog.JoinedConditions.SubQuery;
import io.refreshd.catalog.JoinedReads.Origin;
import io.refreshd.catalog.NodeTree.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * All reads of tables by a query, with the equalities that bind their rows to those of other reads. First come the reads in FROM, by the
 * numbers that {@link JoinedReads} gives them, then those in sub-queries of expressions.
 */
final class BoundReads {
    /**
     * An equality that a row of a read must meet to matter: it alters what the query returns only beside rows of the other read whose
     * column has the value of its column.
     *
     * @param column of the read
     * @param other the column that has its value
     * @param shows whether rows of the result that differ have that value in the other column, which is one of FROM
     */
    record Bound(Origin column, Origin other, long operator, boolean collationFits, boolean shows) {}

    private final JoinedReads joined;
    private final CatalogIndex catalogIndex;
    private final List<Relation> tables = new ArrayList<>();
    private final List<Bound> bounds = new ArrayList<>();

    BoundReads(JoinedReads joined, CatalogIndex catalogIndex) {
        this.joined = joined;
        this.catalogIndex = catalogIndex;
        joined.reads().forEach(read -> tables.add(read.table()));
        joined.conditions()
                .matches()
                .forEach(match ->
                        bounds.add(new Bound(match.column(), match.other(), match.operator(), true, match.shows())));
        joined.conditions().subQueries().forEach(this::add);
    }

    private void add(SubQuery subQuery) {
        SubQueryJoins inside = new SubQueryJoins(subQuery.subLink(), catalogIndex, outer -> isKey(subQuery, outer));
        int first = tables.size();
        inside.reads().forEach(read -> tables.add(read.table()));
        for (SubQueryJoins.Binding binding : inside.bindings()) {
            Optional<Origin> value = switch (binding.value()) {
                case SubQueryJoins.Inner inner -> Optional.of(moved(inner, first));
                case SubQueryJoins.Outer outer -> subQuery.outer().apply(outer.variable());
            };
            value.ifPresent(other -> bounds.add(new Bound(
                    moved(binding.column(), first),
                    other,
                    binding.operator(),
                    binding.collationFits(),
                    isInFrom(other.read()) && subQuery.shows().test(other))));
        }
    }

    private static Origin moved(SubQueryJoins.Inner column, int first) {
        return new Origin(first + column.read(), column.column());
    }

    /** Whether the column of the outer query holds no NULL. */
    private boolean isKey(SubQuery subQuery, Node outer) {
        return subQuery.outer()
                .apply(outer)
                .filter(origin -> !joined.reads().get(origin.read()).nullable()
                        && catalogIndex.isPrimary(tables.get(origin.read()), origin.column()))
                .isPresent();
    }

    /** The table of each read. */
    List<Relation> tables() {
        return tables;
    }

    boolean isInFrom(int read) {
        return read < joined.reads().size();
    }

    List<Bound> of(int read) {
        return bounds.stream().filter(bound -> bound.column().read() == read).toList();
    }

    Relation.Column column(Origin origin) {
        return Objects.requireNonNull(
                tables.get(origin.read()).columns().stream()
                        .filter(column -> column.number() == origin.column())
                        .findFirst()
                        .orElse(null),
                "a column that the catalog does not know");
    }
}
