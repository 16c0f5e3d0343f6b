package io.refreshd.catalog;

import io.refreshd.catalog.JoinedConditions.Match;
import io.refreshd.catalog.JoinedConditions.SubQuery;
import io.refreshd.catalog.JoinedReads.Origin;
import io.refreshd.catalog.JoinedReads.Read;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Finds by which columns the rows of an incremental view are told that a changed row of a table concerns: by the key of the changed row,
 * which stands beside them, or by a value that joins or correlates.
 *
 * <p>Conversion and rounds both ask this class, the one for the columns that the store needs, the other for those that it has. So what
 * is promised is what is done.
 *
 * <p>Invariant: each use of a table has a path of its own, in FROM and in sub-queries. If one use has none, a change of the table
 * recomputes everything.
 */
final class ChangePaths {
    /**
     * One way from a changed row to rows of the view.
     *
     * @param columns of the table: its key, or one column whose old and new values tell
     * @param shown for each of these columns: the column that the store shows, with the same value
     * @param byValue whether the column does not identify a row of the table
     */
    record Path(List<Relation.Column> columns, List<Origin> shown, boolean byValue) {}

    /** @param everything why changes recompute everything; then there are no paths */
    record Found(List<Path> paths, Optional<Obstacle> everything) {
        private static Found by(Path path) {
            return new Found(List.of(path), Optional.empty());
        }

        private static Found not(Obstacle obstacle) {
            return new Found(List.of(), Optional.of(obstacle));
        }
    }

    private final JoinedReads joined;
    private final CatalogIndex catalogIndex;
    private final Function<Origin, Optional<Obstacle>> notShown;

    /** @param notShown why the store cannot show a column; empty if it can */
    ChangePaths(JoinedReads joined, CatalogIndex catalogIndex, Function<Origin, Optional<Obstacle>> notShown) {
        this.joined = joined;
        this.catalogIndex = catalogIndex;
        this.notShown = notShown;
    }

    /** @param table of which the log names changes: no partitioned one */
    Found of(Relation table) {
        Set<Path> paths = new LinkedHashSet<>();
        for (Found use : uses(table)) {
            if (use.everything().isPresent()) {
                return use;
            }
            paths.addAll(use.paths());
        }
        return paths.isEmpty()
                ? Found.not(new Obstacle("how it reads " + table.sql() + " is not understood", Remedy.NONE))
                : new Found(List.copyOf(paths), Optional.empty());
    }

    /** Whether the query reads the table, by its own name or that of a table of which it is a partition. */
    boolean reads(Relation table) {
        return !uses(table).isEmpty();
    }

    private List<Found> uses(Relation table) {
        Set<Long> names = catalogIndex.selfAndAncestorsOf(table);
        List<Found> uses = new ArrayList<>();
        for (int read = 0; read < joined.reads().size(); read++) {
            if (names.contains(joined.reads().get(read).table().oid())) {
                uses.add(ofRead(read, table));
            }
        }
        for (SubQuery subQuery : joined.conditions().subQueries()) {
            int times = 0;
            for (Map.Entry<Long, Integer> read : reads(subQuery, catalogIndex).entrySet()) {
                times += names.contains(read.getKey()) ? read.getValue() : 0;
            }
            if (times > 0) {
                uses.add(times == 1 ? ofSubQuery(subQuery, table) : Found.not(notCorrelated(table)));
            }
        }
        return uses;
    }

    /** How often the sub-query reads each table, by oid. */
    static Map<Long, Integer> reads(SubQuery subQuery, CatalogIndex catalogIndex) {
        try {
            return SubQueryReads.of(subQuery.subLink(), catalogIndex);
        } catch (UnsupportedQueryException e) {
            throw new IllegalStateException("a sub-query that was examined before", e);
        }
    }

    private Found ofRead(int read, Relation table) {
        Read one = joined.reads().get(read);
        LoggedKey key = LoggedKey.of(table, catalogIndex);
        Optional<Obstacle> obstacle = key.obstacle();
        List<Relation.Column> columns = new ArrayList<>();
        List<Origin> shown = new ArrayList<>();
        for (int number : key.columns()) {
            Relation.Column column = column(table, number);
            Origin origin = new Origin(
                    read,
                    one.table().columns().stream()
                            .filter(named -> named.name().equals(column.name()))
                            .mapToInt(Relation.Column::number)
                            .findFirst()
                            .orElse(0));
            columns.add(column);
            shown.add(origin);
            obstacle = obstacle.or(() -> notShown.apply(origin));
        }
        if (one.hidden()) {
            obstacle = Optional.of(new Obstacle(
                    "a condition above an outer join may hide that a row of "
                            + one.table().sql() + " found its match",
                    Remedy.NONE));
        }
        return obstacle.isEmpty() ? Found.by(new Path(columns, shown, false)) : ofMatches(read, table, obstacle.get());
    }

    /** By the value of a column that a join compares. @param obstacle why the key does not tell */
    private Found ofMatches(int read, Relation table, Obstacle obstacle) {
        Relation named = joined.reads().get(read).table();
        Optional<Obstacle> notLogged = Optional.empty();
        for (Match match : joined.conditions().matches()) {
            if (match.column().read() == read) {
                String name = column(named, match.column().column()).name();
                Optional<Relation.Column> column = table.columns().stream()
                        .filter(own -> own.name().equals(name))
                        .findFirst();
                Relation.Column other = column(
                        joined.reads().get(match.other().read()).table(),
                        match.other().column());
                if (column.isPresent()
                        && KeyEquality.holds(match.operator(), column.get(), other)
                        && notShown.apply(match.other()).isEmpty()) {
                    if (isLogged(table, column.get())) {
                        return Found.by(new Path(List.of(column.get()), List.of(match.other()), true));
                    }
                    notLogged = Optional.of(whole(table, obstacle.what(), column.get()));
                }
            }
        }
        return Found.not(notLogged.orElse(obstacle));
    }

    private Found ofSubQuery(SubQuery subQuery, Relation table) {
        Obstacle obstacle = notCorrelated(table);
        for (Correlation correlation :
                Correlation.of(subQuery.subLink(), table, catalogIndex, outer -> isKey(subQuery, outer))) {
            Optional<Origin> outer = subQuery.outer().apply(correlation.outer());
            if (outer.isPresent()
                    && KeyEquality.holds(
                            correlation,
                            column(
                                    joined.reads().get(outer.get().read()).table(),
                                    outer.get().column()))
                    && notShown.apply(outer.get()).isEmpty()) {
                if (isLogged(table, correlation.column())) {
                    return Found.by(new Path(List.of(correlation.column()), List.of(outer.get()), true));
                }
                obstacle = whole(table, "a sub-query in an expression reads " + table.sql(), correlation.column());
            }
        }
        return Found.not(obstacle);
    }

    /** Whether the column of the outer query holds no NULL. */
    private boolean isKey(SubQuery subQuery, Node outer) {
        return subQuery.outer()
                .apply(outer)
                .filter(origin -> !joined.reads().get(origin.read()).nullable()
                        && Correlation.isPrimary(
                                catalogIndex, joined.reads().get(origin.read()).table(), origin.column()))
                .isPresent();
    }

    /** Whether the log holds the old and the new value of the column. */
    private boolean isLogged(Relation table, Relation.Column column) {
        return !column.generated()
                && switch (catalogIndex.identityOf(table)) {
                    case FULL -> true;
                    case DEFAULT, INDEX ->
                        LoggedKey.of(table, catalogIndex).columns().contains(column.number());
                    case NOTHING, DEFAULT_WITHOUT_KEY, GENERATED -> false;
                };
    }

    private static Obstacle whole(Relation table, String why, Relation.Column column) {
        return column.generated()
                ? new Obstacle(
                        why + ", and the log does not hold " + column.name() + ", which is generated", Remedy.NONE)
                : new Obstacle(
                        why + ", and the log does not hold the old values of " + column.name()
                                + ", by which the rows could be found",
                        Remedy.sql("ALTER TABLE " + table.sql() + " REPLICA IDENTITY FULL"));
    }

    private static Obstacle notCorrelated(Relation table) {
        return new Obstacle(
                "a sub-query in an expression reads " + table.sql()
                        + ", and nothing shows which rows of the view depend on a row of it",
                Remedy.text("compare a column of " + table.sql()
                        + " for equality with one of a table in FROM; by NOT EXISTS instead of NOT IN, unless both are columns"
                        + " of primary keys"));
    }

    static Relation.Column column(Relation table, int number) {
        return Objects.requireNonNull(
                table.columns().stream()
                        .filter(column -> column.number() == number)
                        .findFirst()
                        .orElse(null),
                "a column that the catalog does not know");
    }
}
