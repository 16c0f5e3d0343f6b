package io.refreshd.catalog;

import io.refreshd.model.JoinStep;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The result of the analysis whether a materialized view can be incremental: its recompute key, or the obstacles.
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
 * @param tables how the changes of each table are found that the query joins
 * @param maps how a changed row leads to groups, where the query groups rows, and to values that the log does not hold
 */
public record IncrementalQuery(
        ViewId view,
        long oid,
        List<Obstacle> obstacles,
        Optional<TableId> anchor,
        List<String> anchorKey,
        List<Integer> recomputeKey,
        List<HiddenColumn> hidden,
        List<TableChanges> tables,
        List<GroupMap> maps) {
    public IncrementalQuery {
        Objects.requireNonNull(view);
        Objects.requireNonNull(anchor);
        obstacles = List.copyOf(obstacles);
        anchorKey = List.copyOf(anchorKey);
        recomputeKey = List.copyOf(recomputeKey);
        hidden = List.copyOf(hidden);
        tables = List.copyOf(tables);
        maps = List.copyOf(maps);
    }

    static IncrementalQuery not(Relation view, List<Obstacle> obstacles) {
        return new IncrementalQuery(
                view.viewId(),
                view.oid(),
                obstacles,
                Optional.empty(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of());
    }

    /** The numbers of the columns that hold keys of groups, for each map. @param map the number of the map whose table it is; 0: the view's */
    public List<List<Integer>> positionsOfGroups(int map) {
        return maps.stream()
                .filter(one -> one.of() == map)
                .map(GroupMap::positions)
                .toList();
    }

    /** The same query, with other maps. */
    IncrementalQuery with(List<GroupMap> others) {
        return new IncrementalQuery(view, oid, obstacles, anchor, anchorKey, recomputeKey, hidden, tables, others);
    }

    /** The same query, as that of a view without these columns. @param first of the store */
    IncrementalQuery hiding(List<HiddenColumn> first) {
        return new IncrementalQuery(
                view,
                oid,
                obstacles,
                anchor,
                anchorKey.stream()
                        .map(name -> first.stream()
                                .filter(column -> column.name().equals(name))
                                .map(HiddenColumn::words)
                                .findFirst()
                                .orElse(name))
                        .toList(),
                recomputeKey,
                Stream.concat(first.stream(), hidden.stream()).toList(),
                tables,
                maps);
    }

    /** How the changes of each table are found, those that are grouped too. */
    public List<TableChanges> allTables() {
        Map<TableId, TableChanges> all = new LinkedHashMap<>();
        tables.forEach(table -> all.put(table.table(), table));
        maps.forEach(map -> map.rows().tables().forEach(table -> all.merge(table.table(), table, TableChanges::and)));
        return List.copyOf(all.values());
    }

    public boolean possible() {
        return obstacles.isEmpty();
    }

    /**
     * A column of the store that holds a column of a table, unaltered, or a key of groups.
     *
     * @param alias name of what the outermost FROM reads; empty for a key of groups
     * @param column name of its column; of a key of groups, what it is for people
     * @param read the number of the read from 0, in the order of FROM; -1 for a key of groups
     * @param number the number of the table's column; of a key of groups, its place from 1 in GROUP BY, DISTINCT ON or PARTITION BY, or ONE_ROW: TRUE
     * @param carried what makes sub-selects show the column too, from the outermost to the innermost; none if the outermost FROM has it
     */
    public record HiddenColumn(String name, String alias, String column, int read, int number, List<Carried> carried) {
        public static final int ONE_ROW = 0;

        public HiddenColumn {
            carried = List.copyOf(carried);
        }

        public static HiddenColumn ofGroups(String name, String words, int place) {
            return new HiddenColumn(name, "", words, -1, place, List.of());
        }

        public boolean isOfGroups() {
            return read < 0;
        }

        /** What the column holds, for people. */
        public String words() {
            return isOfGroups() ? column : alias + "." + column;
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

        private TableChanges and(TableChanges other) {
            Optional<Obstacle> why = everything.or(other::everything);
            return new TableChanges(
                    table,
                    why.isPresent()
                            ? List.of()
                            : Stream.concat(by.stream(), other.by.stream()).toList(),
                    why);
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

    /**
     * The rows that are grouped, each with the key of its group: a table and a definition of their own, which tell to which groups a
     * changed row belonged and belongs.
     *
     * @param rows how this table is kept up to date; its last columns hold the key of the group
     * @param text where the query is that selects the rows
     * @param key numbers of the table's columns that lead on
     * @param positions numbers of the columns of the view's store that hold the same values
     * @param joined whether the groups are joined to the anchor, so that a condition on the recompute key reaches them for one key at a time
     * @param of the number of a later map, from 1, whose rows the groups are joined to: the positions are those of its table, and the text
     *     is in its query; 0: the view
     * @param value the column that the map holds beside the keys of its table, which has no groups then, and whose query is nowhere in the
     *     view's
     */
    public record GroupMap(
            IncrementalQuery rows,
            MapText text,
            List<Integer> key,
            List<Integer> positions,
            boolean joined,
            int of,
            Optional<ValueColumn> value) {
        GroupMap of(int number) {
            return new GroupMap(rows, text, key, positions, joined, number, value);
        }

        /** The same map, where those on which it depends stand beside it. */
        GroupMap leaf() {
            return new GroupMap(rows.with(List.of()), text, key, positions, joined, of, value);
        }

        public GroupMap {
            Objects.requireNonNull(rows);
            Objects.requireNonNull(text);
            Objects.requireNonNull(value);
            key = List.copyOf(key);
            positions = List.copyOf(positions);
        }
    }

    /**
     * Where the text of a query is that groups rows.
     *
     * @param view oid of the plain view whose query holds it; empty: the query of the view itself, or of the map that it leads to
     * @param within where the text is that holds it; empty: it is that query
     * @param into the sub-select; none: the query as a whole
     * @param branch the number of the branch from 0, of a set operation; -1: the query is none
     * @param columns the numbers of the output columns that hold the key
     */
    public record MapText(
            Optional<Long> view, Optional<MapText> within, List<Inner> into, int branch, List<Integer> columns) {
        public MapText {
            Objects.requireNonNull(view);
            Objects.requireNonNull(within);
            into = List.copyOf(into);
            columns = List.copyOf(columns);
        }

        public MapText(Optional<Long> view, List<Inner> into, int branch, List<Integer> columns) {
            this(view, Optional.empty(), into, branch, columns);
        }

        /** The query of a view. @param view empty: that which is examined */
        static MapText of(Optional<Long> view) {
            return new MapText(view, List.of(), -1, List.of());
        }

        MapText inside(Inner inner) {
            return branch < 0
                    ? new MapText(
                            view,
                            within,
                            Stream.concat(into.stream(), Stream.of(inner)).toList(),
                            -1,
                            List.of())
                    : new MapText(view, Optional.of(this), List.of(inner), -1, List.of());
        }

        MapText inBranch(int number) {
            return branch < 0
                    ? new MapText(view, within, into, number, List.of())
                    : new MapText(view, Optional.of(this), List.of(), number, List.of());
        }

        MapText showing(List<Integer> numbers) {
            return new MapText(view, within, into, branch, numbers);
        }
    }
}
