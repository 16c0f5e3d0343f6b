package io.refreshd.catalog;

import io.refreshd.catalog.BoundReads.Bound;
import io.refreshd.catalog.JoinedReads.Origin;
import io.refreshd.catalog.JoinedReads.Read;
import io.refreshd.model.JoinStep;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Finds the columns that lead from a changed row of a table to the rows of an incremental view: the row's key, which the store holds beside
 * them; a value that a join or sub-query compares with a column of the store; or such a value through the rows of other tables.
 *
 * <p>A row that is bound to rows of another read (see {@link BoundReads}) alters the result as if these rows had changed. They are
 * found by its old and new values among the rows as they are now. Those that have changed as well lead on by their own old and new
 * values, so that rows which are gone need not be found. That holds only if no two reads find their rows by each other.
 *
 * <p>Conversion and rounds both ask this class, the one for the columns that the store needs, the other for those that it has. So what
 * is promised is what is done.
 *
 * <p>Invariant: each read of a table has a path of its own, in FROM and in sub-queries, over reads alone that were settled before it. A
 * read is settled if it has a path, or if changes of its table recompute everything.
 */
final class ChangePaths {
    private final JoinedReads joined;
    private final BoundReads reads;
    private final CatalogIndex catalogIndex;
    private final Function<Origin, Optional<Obstacle>> notShown;
    private final Set<ValueColumn> maps;
    /** For each read that is settled: how others go on from its rows. */
    private final Map<Integer, ChangePath> settled = new HashMap<>();
    /** For each read: what was found for the tables that the log names, by oid. */
    private final Map<Integer, Map<Long, ChangePath.Found>> found = new HashMap<>();

    /**
     * @param notShown why the store cannot show a column; empty if it can
     * @param maps the columns of which there are maps. These are used where they can be
     */
    ChangePaths(
            JoinedReads joined,
            CatalogIndex catalogIndex,
            Function<Origin, Optional<Obstacle>> notShown,
            Set<ValueColumn> maps) {
        this.joined = joined;
        this.maps = Set.copyOf(maps);
        this.reads = new BoundReads(joined, catalogIndex);
        this.catalogIndex = catalogIndex;
        this.notShown = notShown;
        while (settleOne(this::settleByPath) || settleOne(this::settleForOthers)) {
            // Each read that is settled may give others a path.
        }
    }

    /** The tables in FROM, then those in sub-queries alone. */
    Set<Relation> tables() {
        return new LinkedHashSet<>(reads.tables());
    }

    /** @param table of which the log names changes: no partitioned one */
    ChangePath.Found of(Relation table) {
        Set<ChangePath> paths = new LinkedHashSet<>();
        for (int read = 0; read < reads.tables().size(); read++) {
            if (catalogIndex
                    .selfAndAncestorsOf(table)
                    .contains(reads.tables().get(read).oid())) {
                ChangePath.Found use = Objects.requireNonNullElseGet(
                        found.getOrDefault(read, Map.of()).get(table.oid()), () -> ChangePath.Found.unknown(table));
                if (!use.byKeys()) {
                    return use;
                }
                paths.addAll(use.paths());
            }
        }
        return ChangePath.Found.by(paths, table);
    }

    /** Whether the query reads the table, by its own name or that of a table of which it is a partition. */
    boolean reads(Relation table) {
        Set<Long> names = catalogIndex.selfAndAncestorsOf(table);
        return reads.tables().stream().anyMatch(read -> names.contains(read.oid()));
    }

    /** A column of which a map would tell the rows that depend on a read whose changes recompute everything; empty if there is none. */
    Optional<ValueColumn> wanted() {
        return IntStream.range(0, reads.tables().size())
                .filter(read ->
                        !found.getOrDefault(read, Map.of()).values().stream().allMatch(ChangePath.Found::byKeys))
                .mapToObj(this::wanted)
                .flatMap(Optional::stream)
                .findFirst();
    }

    private Optional<ValueColumn> wanted(int read) {
        return reads.of(read).stream()
                .filter(bound -> fits(bound, reads.column(bound.column())))
                .flatMap(bound -> path(reads.column(bound.column()), bound)
                        .filter(path -> ValueMaps.canHold(reads.tables().get(read), path, catalogIndex))
                        .map(path -> valueColumn(read, bound, path))
                        .stream())
                // One that there is, and that does not help, is not wanted again.
                .filter(column -> !maps.contains(column))
                .min(Comparator.comparing(column -> column.joins().size()));
    }

    private ValueColumn valueColumn(int read, Bound bound, ChangePath path) {
        return new ValueColumn(
                reads.tables().get(read).tableId(), reads.column(bound.column()).name(), path.joins());
    }

    private boolean fits(Bound bound, Relation.Column own) {
        return bound.collationFits() && KeyEquality.holds(bound.operator(), own, reads.column(bound.other()));
    }

    /** @return whether a read was settled */
    private boolean settleOne(Predicate<Integer> settles) {
        for (int read = 0; read < reads.tables().size(); read++) {
            if (!settled.containsKey(read) && settles.test(read)) {
                return true;
            }
        }
        return false;
    }

    private boolean settleByPath(int read) {
        Map<Long, ChangePath.Found> leaves = new HashMap<>();
        List<ChangePath> paths = new ArrayList<>();
        for (Relation leaf : LoggedKey.leaves(reads.tables().get(read), catalogIndex)) {
            ChangePath.Found one = search(read, leaf, column -> isLogged(leaf, column));
            leaves.put(leaf.oid(), one);
            paths.addAll(one.paths());
        }
        found.put(read, leaves);
        boolean all = leaves.values().stream().allMatch(ChangePath.Found::byKeys);
        if (all) {
            settled.put(read, paths.getFirst());
        }
        return all;
    }

    /** Changes of the read recompute everything; where it is unchanged, others may still go on from its rows. */
    private boolean settleForOthers(int read) {
        List<ChangePath> paths =
                search(read, reads.tables().get(read), column -> true).paths();
        paths.forEach(path -> settled.put(read, path));
        return !paths.isEmpty();
    }

    private ChangePath.Found search(int read, Relation table, Predicate<Relation.Column> isLogged) {
        if (!reads.isInFrom(read)) {
            return byValue(read, table, isLogged, notCorrelated(table));
        }
        ChangePath.Found byKey = byKey(read, table);
        return byKey.byKeys()
                ? byKey
                : byValue(read, table, isLogged, byKey.everything().orElseThrow());
    }

    private ChangePath.Found byKey(int read, Relation table) {
        Read one = joined.reads().get(read);
        if (one.hidden()) {
            return ChangePath.Found.not(new Obstacle(
                    "a condition above an outer join may hide that a row of " + catalogIndex.nameOf(one.table())
                            + " found its match",
                    Remedy.NONE));
        }
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
        return obstacle.map(ChangePath.Found::not)
                .orElseGet(() -> ChangePath.Found.by(new ChangePath(columns, shown, false, List.of())));
    }

    /** By the value that binds a row. @param obstacle why nothing else tells */
    private ChangePath.Found byValue(int read, Relation table, Predicate<Relation.Column> isLogged, Obstacle obstacle) {
        Optional<ChangePath> best = Optional.empty();
        Optional<Obstacle> against = Optional.empty();
        for (Bound bound : reads.of(read)) {
            Optional<Relation.Column> column =
                    named(table, reads.column(bound.column()).name());
            Optional<ChangePath> path = column.filter(own -> fits(bound, own)).flatMap(own -> path(own, bound));
            Optional<ValueColumn> map =
                    path.map(one -> valueColumn(read, bound, one)).filter(maps::contains);
            if (map.isPresent()) {
                return ChangePath.Found.by(path.get().by(map.get()));
            }
            int most = best.map(one -> one.joins().size() - 1).orElse(Integer.MAX_VALUE);
            if (path.filter(one -> one.joins().size() <= most).isEmpty()) {
                continue;
            }
            Optional<Obstacle> refused = isLogged.test(column.orElseThrow())
                    ? path.get().joins().isEmpty() ? Optional.empty() : unreadable(bound)
                    : Optional.of(whole(table, obstacle.what(), column.orElseThrow()));
            if (refused.isEmpty()) {
                best = path;
            } else if (against.isEmpty()) {
                against = refused;
            }
        }
        return best.map(ChangePath.Found::by).orElse(ChangePath.Found.not(against.orElse(obstacle)));
    }

    private Optional<ChangePath> path(Relation.Column own, Bound bound) {
        if (bound.shows() && notShown.apply(bound.other()).isEmpty()) {
            return Optional.of(new ChangePath(List.of(own), List.of(bound.other()), true, List.of()));
        }
        Relation between = reads.tables().get(bound.other().read());
        if (catalogIndex.isDerived(between)) {
            return Optional.empty(); // no table of the database: nothing can be read from it
        }
        return Optional.ofNullable(settled.get(bound.other().read())).map(further -> {
            List<JoinStep> joins = new ArrayList<>();
            joins.add(new JoinStep(
                    between.tableId(),
                    reads.column(bound.other()).name(),
                    further.columns().stream().map(Relation.Column::name).toList()));
            joins.addAll(further.joins());
            return new ChangePath(List.of(own), further.shown(), true, joins);
        });
    }

    /** A table behind a plain view is read by the view's owner, and in between by refreshd's role. */
    private Optional<Obstacle> unreadable(Bound bound) {
        return ReadAccess.obstacle(List.of(reads.tables().get(bound.other().read())), catalogIndex);
    }

    /** Whether the log holds the old and the new value of the column. */
    private boolean isLogged(Relation table, Relation.Column column) {
        if (catalogIndex.isOfRounds(table)) {
            return true;
        }
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
                "a sub-query in an expression, or after LATERAL, reads " + table.sql()
                        + ", and nothing shows which rows of the view depend on a row of it",
                Remedy.text("compare a column of " + table.sql()
                        + " for equality with one of a table in FROM, or of a table in the sub-query that leads there; by NOT"
                        + " EXISTS instead of NOT IN, unless both are columns of primary keys"));
    }

    private static Optional<Relation.Column> named(Relation table, String name) {
        return table.columns().stream()
                .filter(column -> column.name().equals(name))
                .findFirst();
    }

    private static Relation.Column column(Relation table, int number) {
        return Objects.requireNonNull(
                table.columns().stream()
                        .filter(column -> column.number() == number)
                        .findFirst()
                        .orElse(null),
                "a column that the catalog does not know");
    }
}
