package io.refreshd.catalog;

import io.refreshd.model.JoinStep;
import io.refreshd.model.TableId;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A column of a table whose values lead from changed rows to rows of an incremental view, and whose old values the log does not hold. A
 * map holds them instead: of the table's key to this column, or to the column at the end of the joins.
 *
 * @param joins the tables in between, each with one column that leads further
 */
public record ValueColumn(TableId table, String column, List<JoinStep> joins) {
    public ValueColumn {
        Objects.requireNonNull(table);
        Objects.requireNonNull(column);
        joins = List.copyOf(joins);
    }

    /** The tables in the order in which the map joins them. */
    public List<TableId> tables() {
        return Stream.concat(Stream.of(table), joins.stream().map(JoinStep::table))
                .toList();
    }

    /** The column that the map holds: that of the last table. */
    public String last() {
        return joins.isEmpty() ? column : joins.getLast().columns().getFirst();
    }

    /** For people: "a_id of each row of public.b through public.a". */
    public String words() {
        StringBuilder words = new StringBuilder(column + " of each row of " + table);
        joins.forEach(join ->
                words.append(joins.getFirst().equals(join) ? " through " : ", ").append(join.table()));
        return words.toString();
    }
}
