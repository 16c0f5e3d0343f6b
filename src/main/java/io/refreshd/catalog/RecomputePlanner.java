package io.refreshd.catalog;

import io.refreshd.catalog.IncrementalQuery.GroupMap;
import io.refreshd.catalog.IncrementalQuery.HiddenColumn;
import io.refreshd.catalog.IncrementalQuery.TableChanges;
import io.refreshd.catalog.JoinedReads.Origin;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Chooses the anchor of one query, and the key columns that its store needs beside those of the view.
 *
 * <p>The anchor is a use of a table on no nullable side of an outer join, whose key the store can show. Every result row has a row of
 * the anchor, so that a value of its key names all rows that a change of any table can concern. Among several the anchor is the one
 * whose row determines the rows of most others: with the key of a small table on which many rows stand, a change of one of them would
 * recompute all of them.
 */
final class RecomputePlanner {
    /** Any other join has a side that is preserved. */
    private static final Remedy WITHOUT_FULL_JOIN = Remedy.text(
            "if each side has at most one row for a value of the joined column, and none for NULL: write the FULL JOIN as a UNION ALL of"
                    + " both sides, each with NULL for the columns of the other one, and group that by the joined column, with max() of"
                    + " each other one");

    private final Relation view;
    private final JoinedReads joined;
    private final CatalogIndex catalogIndex;
    private final ChangePaths paths;
    private final List<LoggedKey> keys = new ArrayList<>();
    /** For each read: why its key cannot be shown, although there is one. */
    private final Map<Integer, Obstacle> notShown = new HashMap<>();

    RecomputePlanner(Relation view, JoinedReads joined, CatalogIndex catalogIndex) {
        this.view = view;
        this.joined = joined;
        this.catalogIndex = catalogIndex;
        this.paths = paths();
        for (int read = 0; read < joined.reads().size(); read++) {
            LoggedKey key = LoggedKey.of(joined.reads().get(read).table(), catalogIndex);
            keys.add(key);
            int number = read;
            if (key.obstacle().isEmpty()) {
                key.columns().stream()
                        .filter(column -> !canShow(number, column))
                        .findFirst()
                        .ifPresent(column -> notShown.put(number, cannotShow(number, column)));
            }
        }
    }

    /** With maps of the columns whose old values lead to rows and are not in the log. */
    private ChangePaths paths() {
        Set<ValueColumn> maps = new LinkedHashSet<>();
        ChangePaths found = paths(maps);
        for (Optional<ValueColumn> wanted = found.wanted(); wanted.isPresent(); wanted = found.wanted()) {
            maps.add(wanted.get());
            found = paths(maps);
        }
        // If another read of the table recomputes everything, a map tells nothing.
        ChangePaths all = found;
        return maps.removeIf(column -> all.tables().stream()
                        .filter(table -> table.tableId().equals(column.table()))
                        .flatMap(table -> LoggedKey.leaves(table, catalogIndex).stream())
                        .anyMatch(leaf -> all.of(leaf).everything().isPresent()))
                ? paths(maps)
                : found;
    }

    private ChangePaths paths(Set<ValueColumn> maps) {
        return new ChangePaths(
                joined,
                catalogIndex,
                origin -> canShow(origin.read(), origin.column())
                        ? Optional.empty()
                        : Optional.of(cannotShow(origin.read(), origin.column())),
                maps);
    }

    /** Why there is no anchor; empty if there is one. */
    Optional<Obstacle> obstacle() {
        if (anchor().isPresent()) {
            return Optional.empty();
        }
        List<String> reasons = new ArrayList<>();
        List<Remedy> remedies = new ArrayList<>();
        if (catalogIndex.query(view).filter(QueryShape::hasFullJoin).isPresent()
                && joined.reads().stream().allMatch(JoinedReads.Read::nullable)) {
            remedies.add(WITHOUT_FULL_JOIN);
        }
        for (int read = 0; read < joined.reads().size(); read++) {
            Obstacle why = whyNoAnchor(read);
            reasons.add(why.what());
            if (!why.remedy().isEmpty()) {
                remedies.add(why.remedy());
            }
        }
        return Optional.of(new Obstacle(
                reasons.isEmpty()
                        ? "reads no table"
                        : "no table's key identifies what a change concerns: "
                                + reasons.stream().distinct().collect(Collectors.joining("; ")),
                new Remedy(
                        remedies.stream()
                                .flatMap(remedy -> remedy.sql().stream())
                                .distinct()
                                .toList(),
                        remedies.stream()
                                .map(Remedy::text)
                                .filter(words -> !words.isEmpty())
                                .distinct()
                                .collect(Collectors.joining("; or ")))));
    }

    private Obstacle whyNoAnchor(int read) {
        JoinedReads.Read one = joined.reads().get(read);
        String name = catalogIndex.nameOf(one.table());
        if (one.nullable()) {
            return new Obstacle(
                    name + ": on the nullable side of an outer join (of a FULL JOIN both sides are)", Remedy.NONE);
        }
        return keys.get(read)
                .obstacle()
                .or(() -> Optional.ofNullable(notShown.get(read)))
                .orElseGet(() -> new Obstacle(name + " has no key", Remedy.NONE));
    }

    private Optional<Integer> anchor() {
        return IntStream.range(0, joined.reads().size())
                .filter(this::mayBeAnchor)
                .boxed()
                .max(Comparator.comparing(
                                (Integer read) -> joined.determinedBy(read).size())
                        .thenComparing(this::isShownByTheView)
                        .thenComparing(Comparator.reverseOrder()));
    }

    private boolean mayBeAnchor(int read) {
        JoinedReads.Read one = joined.reads().get(read);
        return !one.nullable()
                && !keys.get(read).columns().isEmpty()
                && keys.get(read).obstacle().isEmpty()
                && !notShown.containsKey(read);
    }

    private boolean isShownByTheView(int read) {
        return keys.get(read).columns().stream().allMatch(column -> joined.positionOf(read, column) > 0);
    }

    private boolean canShow(int read, int column) {
        return joined.positionOf(read, column) > 0
                || joined.showing(new Origin(read, column), "refreshd").isPresent();
    }

    private Obstacle cannotShow(int read, int column) {
        JoinedReads.Read one = joined.reads().get(read);
        String name = columnName(one.table(), column);
        if (!one.columns().containsKey(column)) {
            String source = joined.source(one.entry());
            return new Obstacle(
                    "the key column " + name + " of " + catalogIndex.nameOf(one.table()) + " is not shown by " + source
                            + ", through which it is read",
                    Remedy.text("add " + name + " of " + catalogIndex.nameOf(one.table()) + " to the columns of "
                            + source + ", unaltered"));
        }
        return new Obstacle(
                "the name of a join covers " + catalogIndex.nameOf(one.table()) + ", so that its key column " + name
                        + " cannot be named",
                Remedy.text("write the query without a name for the join"));
    }

    /** @throws java.util.NoSuchElementException if there is no anchor */
    IncrementalQuery plan() {
        int anchor = anchor().orElseThrow();
        Relation table = joined.reads().get(anchor).table();
        StoreColumns columns = new StoreColumns();
        // The anchor first, so that its hidden columns have the first numbers.
        columns.show(keyOf(anchor));
        Map<Relation, List<ChangePath.Found>> found = new LinkedHashMap<>();
        for (Relation named : paths.tables()) {
            found.put(
                    named,
                    LoggedKey.leaves(named, catalogIndex).stream()
                            .map(paths::of)
                            .toList());
        }
        found.values().stream()
                .filter(RecomputePlanner::isByKeys)
                .forEach(leaves -> leaves.stream()
                        .flatMap(leaf -> leaf.paths().stream())
                        .forEach(path -> columns.show(path.shown())));
        return new IncrementalQuery(
                view.viewId(),
                view.oid(),
                List.of(),
                Optional.of(table.tableId()),
                keys.get(anchor).columns().stream()
                        .map(column -> columnName(table, column))
                        .toList(),
                columns.positions(keyOf(anchor)),
                columns.hidden(),
                found.entrySet().stream()
                        .map(leaves -> changes(leaves.getKey(), leaves.getValue(), columns))
                        .toList(),
                maps(found.values(), columns));
    }

    private List<GroupMap> maps(Collection<List<ChangePath.Found>> found, StoreColumns columns) {
        return found.stream()
                .filter(RecomputePlanner::isByKeys)
                .flatMap(List::stream)
                .flatMap(leaf -> leaf.paths().stream())
                .flatMap(path -> path.map().stream()
                        .map(column -> ValueMaps.map(column, columns.positions(path.shown()), catalogIndex)))
                .distinct()
                .toList();
    }

    private List<Origin> keyOf(int read) {
        return keys.get(read).columns().stream()
                .map(column -> new Origin(read, column))
                .toList();
    }

    private static boolean isByKeys(List<ChangePath.Found> leaves) {
        return leaves.stream().allMatch(leaf -> leaf.everything().isEmpty());
    }

    private static TableChanges changes(Relation table, List<ChangePath.Found> leaves, StoreColumns columns) {
        return new TableChanges(
                table.tableId(),
                leaves.stream()
                        .filter(leaf -> isByKeys(leaves))
                        .flatMap(leaf -> leaf.paths().stream())
                        .filter(path -> path.map().isEmpty())
                        .map(path -> new IncrementalQuery.ChangedBy(
                                path.columns().stream()
                                        .map(Relation.Column::name)
                                        .toList(),
                                columns.positions(path.shown()),
                                path.joins()))
                        .distinct()
                        .toList(),
                leaves.stream().flatMap(leaf -> leaf.everything().stream()).findFirst());
    }

    private static String columnName(Relation table, int number) {
        return table.columns().stream()
                .filter(column -> column.number() == number)
                .map(Relation.Column::name)
                .findFirst()
                .orElse("an expression");
    }

    /** The columns of the store: hidden ones first, then those of the view. */
    private final class StoreColumns {
        private final Map<Origin, HiddenColumn> hidden = new LinkedHashMap<>();
        private final HiddenNames free = new HiddenNames(view);

        void show(List<Origin> origins) {
            for (Origin origin : origins) {
                if (joined.positionOf(origin.read(), origin.column()) == 0 && !hidden.containsKey(origin)) {
                    hidden.put(origin, joined.showing(origin, free.next()).orElseThrow());
                }
            }
        }

        List<HiddenColumn> hidden() {
            return List.copyOf(hidden.values());
        }

        List<Integer> positions(List<Origin> shown) {
            List<Origin> origins = List.copyOf(hidden.keySet());
            return shown.stream()
                    .map(origin -> {
                        int position = joined.positionOf(origin.read(), origin.column());
                        return position > 0 ? origins.size() + position : origins.indexOf(origin) + 1;
                    })
                    .toList();
        }
    }
}
