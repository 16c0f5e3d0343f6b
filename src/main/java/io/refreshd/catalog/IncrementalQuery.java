package io.refreshd.catalog;

import io.refreshd.model.JoinStep;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Whether and how the rows of a materialized view could be kept by what changed.
 *
 * <p>The result rows with one value of the recompute key depend only on one row of the anchor table and on what it is joined with. A
 * change of any table is carried through by the values of the recompute key that stand beside the key of the changed row: in the rows
 * that are kept, and in those that the query yields now.
 *
 * @param obstacles everything that stands in the way; with any of them the other fields say nothing
 * @param anchor the table whose key is the recompute key; empty if there are obstacles
 * @param anchorKey names of the anchor's key columns
 * @param recomputeKey numbers of the store's columns, from 1: the hidden columns come first, then those of the view
 * @param hidden columns that the store has and the view does not
 * @param tables how the changes of each table are found
 */
public record IncrementalQuery(
        ViewId view,
        long oid,
        List<Obstacle> obstacles,
        Optional<TableId> anchor,
        List<String> anchorKey,
        List<Integer> recomputeKey,
        List<HiddenColumn> hidden,
        List<TableChanges> tables) {
    public IncrementalQuery {
        Objects.requireNonNull(view);
        Objects.requireNonNull(anchor);
        obstacles = List.copyOf(obstacles);
        anchorKey = List.copyOf(anchorKey);
        recomputeKey = List.copyOf(recomputeKey);
        hidden = List.copyOf(hidden);
        tables = List.copyOf(tables);
    }

    static IncrementalQuery not(Relation view, List<Obstacle> obstacles) {
        return new IncrementalQuery(
                view.viewId(), view.oid(), obstacles, Optional.empty(), List.of(), List.of(), List.of(), List.of());
    }

    public boolean possible() {
        return obstacles.isEmpty();
    }

    /**
     * A column of the store that holds a column of a table, unaltered.
     *
     * @param alias name of what the outermost FROM reads
     * @param column name of its column
     * @param read the number of the read from 0, in the order of FROM
     * @param number the number of the table's column
     * @param carried what makes sub-selects show the column too, from the outermost to the innermost; none if the outermost FROM has it
     */
    public record HiddenColumn(String name, String alias, String column, int read, int number, List<Carried> carried) {
        public HiddenColumn {
            carried = List.copyOf(carried);
        }
    }

    /**
     * A column that is added at the end of a sub-select's list, under the name of the hidden column.
     *
     * @param into the sub-select, from the outermost query inward
     * @param alias name of what its FROM reads
     * @param column name of its column
     */
    public record Carried(List<Inner> into, String alias, String column) {
        public Carried {
            into = List.copyOf(into);
        }
    }

    /** A sub-select in FROM by its name there, or a query of WITH by its name. */
    public record Inner(String name, boolean with) {}

    /**
     * How a changed row leads to rows of the view.
     *
     * @param columns names of the table's columns whose values, old and new, are looked for: its key, or one that joins or correlates
     * @param positions the numbers of the store's columns that hold them, or what the joins lead to
     * @param joins the tables whose rows, as they are now, lead on from these values
     */
    public record ChangedBy(List<String> columns, List<Integer> positions, List<JoinStep> joins) {
        public ChangedBy {
            columns = List.copyOf(columns);
            positions = List.copyOf(positions);
            joins = List.copyOf(joins);
        }
    }

    /**
     * How the changes of a table are carried through.
     *
     * @param by the columns by which a changed row is found, for each use of the table
     * @param everything why each change of the table recomputes everything; empty if changes are found by columns
     */
    public record TableChanges(TableId table, List<ChangedBy> by, Optional<Obstacle> everything) {
        public TableChanges {
            Objects.requireNonNull(table);
            Objects.requireNonNull(everything);
            by = List.copyOf(by);
        }

        /** The columns of each use, named once. */
        public List<List<String>> columns() {
            return by.stream().map(ChangedBy::columns).distinct().toList();
        }

        /** The tables through which changed rows are found, besides the table itself. */
        public List<TableId> through() {
            return by.stream()
                    .flatMap(one -> one.joins().stream())
                    .map(JoinStep::table)
                    .distinct()
                    .toList();
        }

        /** For each use: the numbers of the store's columns. */
        public List<List<Integer>> positions() {
            return by.stream().map(ChangedBy::positions).distinct().toList();
        }
    }
}
