package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the column of a table that an expression of a query shows unaltered, through joins, sub-selects, plain views and queries of WITH.
 * Pure.
 */
final class ColumnSource {
    /** Views are followed no deeper than this. */
    private static final int MAX_DEPTH = 20;

    private final Node query;
    private final @Nullable ColumnSource outer;
    private final CatalogIndex catalogIndex;
    private final RangeTable rangeTable;

    /** A column of a table. */
    record Found(Relation table, Relation.Column column) {}

    /** @param outer the query inside of which the query is written; null if there is none */
    ColumnSource(Node query, @Nullable ColumnSource outer, CatalogIndex catalogIndex) {
        this.query = query;
        this.outer = outer;
        this.catalogIndex = catalogIndex;
        this.rangeTable = new RangeTable(query, catalogIndex);
    }

    /** @return empty if the expression is no bare column, or that of no table */
    Optional<Found> of(Part expression) {
        return of(expression, 0);
    }

    private Optional<Found> of(Part expression, int depth) {
        if (depth > MAX_DEPTH
                || !(NodeTree.bare(expression) instanceof Node variable)
                || !variable.label().equals("VAR")) {
            return Optional.empty();
        }
        ColumnSource level = up(variable.number("varlevelsup"));
        return level == null
                ? Optional.empty()
                : level.column((int) variable.number("varno"), (int) variable.number("varattno"), depth);
    }

    private @Nullable ColumnSource up(long levels) {
        ColumnSource level = this;
        for (long i = levels; i != 0 && level != null; i--) {
            level = level.outer;
        }
        return level;
    }

    private Optional<Found> column(int index, int number, int depth) {
        Node entry = rangeTable.entry(index).orElse(null);
        if (entry == null) {
            return Optional.empty();
        }
        Relation relation = rangeTable.relation(index);
        Optional<Node> inner = rangeTable.subquery(index);
        if (inner.isPresent()) {
            // To a plain view nothing outside is known.
            return output(new ColumnSource(inner.get(), relation == null ? this : null, catalogIndex), number, depth);
        }
        if (relation != null) {
            return relation.kind() == RelationKind.TABLE || relation.kind() == RelationKind.PARTITIONED_TABLE
                    ? relation.columns().stream()
                            .filter(column -> column.number() == number)
                            .findFirst()
                            .map(column -> new Found(relation, column))
                    : Optional.empty();
        }
        return switch ((int) entry.number("rtekind")) {
            case 2 -> listed(entry.items("joinaliasvars"), number, depth);
            case 6 -> withClause(entry).flatMap(inside -> output(inside, number, depth));
            case 9 -> listed(entry.items("groupexprs"), number, depth);
            default -> Optional.empty();
        };
    }

    private Optional<Found> listed(List<Part> expressions, int number, int depth) {
        return number >= 1 && number <= expressions.size()
                ? of(expressions.get(number - 1), depth + 1)
                : Optional.empty();
    }

    private static Optional<Found> output(ColumnSource inside, int number, int depth) {
        if (!inside.query.isNull("setOperations")) {
            return Optional.empty();
        }
        for (Part part : inside.query.items("targetList")) {
            if (part instanceof Node target
                    && target.number("resno") == number
                    && target.all("expr").size() == 1) {
                return inside.of(target.all("expr").getFirst(), depth + 1);
            }
        }
        return Optional.empty();
    }

    private Optional<ColumnSource> withClause(Node entry) {
        ColumnSource level = up(entry.number("ctelevelsup"));
        if (level == null || entry.is("self_reference", "true")) {
            return Optional.empty();
        }
        for (Part part : level.query.items("cteList")) {
            if (part instanceof Node table
                    && table.all("ctename").equals(entry.all("ctename"))
                    && table.all("ctequery").size() == 1
                    && table.all("ctequery").getFirst() instanceof Node inner) {
                return Optional.of(new ColumnSource(inner, level, catalogIndex));
            }
        }
        return Optional.empty();
    }
}
