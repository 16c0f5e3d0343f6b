package io.refreshd.catalog;

import io.refreshd.catalog.JoinedReads.Origin;
import io.refreshd.model.JoinStep;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * One way from a changed row of a table to rows of an incremental view.
 *
 * @param columns of the table: its key, or one column whose old and new values tell
 * @param shown the columns that the store shows, with the values of these columns or of those at the end of the joins
 * @param byValue whether the column does not identify a row of the table
 * @param joins the tables in between, from the changed one on
 * @param map the column of which a map leads from the row's key to its old and new values; empty if the log tells them
 */
record ChangePath(
        List<Relation.Column> columns,
        List<Origin> shown,
        boolean byValue,
        List<JoinStep> joins,
        Optional<ValueColumn> map) {
    ChangePath(List<Relation.Column> columns, List<Origin> shown, boolean byValue, List<JoinStep> joins) {
        this(columns, shown, byValue, joins, Optional.empty());
    }

    ChangePath by(ValueColumn column) {
        return new ChangePath(columns, shown, byValue, joins, Optional.of(column));
    }

    /**
     * All ways for a table, or for one read of it.
     *
     * @param everything why changes recompute everything; then there are no paths
     */
    record Found(List<ChangePath> paths, Optional<Obstacle> everything) {
        static Found by(ChangePath path) {
            return new Found(List.of(path), Optional.empty());
        }

        /** @param paths from all reads of the table */
        static Found by(Collection<ChangePath> paths, Relation table) {
            return paths.isEmpty() ? unknown(table) : new Found(List.copyOf(paths), Optional.empty());
        }

        static Found not(Obstacle obstacle) {
            return new Found(List.of(), Optional.of(obstacle));
        }

        static Found unknown(Relation table) {
            return not(new Obstacle("how it reads " + table.sql() + " is not understood", Remedy.NONE));
        }

        boolean byKeys() {
            return everything.isEmpty();
        }
    }
}
