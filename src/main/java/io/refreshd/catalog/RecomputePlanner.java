package io.refreshd.catalog;

import io.refreshd.catalog.IncrementalQuery.HiddenColumn;
import io.refreshd.catalog.IncrementalQuery.TableChanges;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Chooses the anchor of one query, and the key columns that its store needs beside those of the view.
 *
 * <p>The anchor is a table on no nullable side of an outer join, read once, whose key the store can show. Every result row has a row of
 * the anchor, so that a value of its key names all rows that a change of any table can concern. Among several the anchor is the one
 * whose row determines the rows of most others: with the key of a small table on which many rows stand, a change of one of them would
 * recompute all of them.
 */
final class RecomputePlanner {
    private final Relation view;
    private final JoinedReads joined;
    private final CatalogIndex catalogIndex;
    private final List<LoggedKey> keys = new ArrayList<>();
    /** For each read: why its key cannot be shown, although there is one. */
    private final Map<Integer, Obstacle> notShown = new HashMap<>();

    RecomputePlanner(Relation view, JoinedReads joined, CatalogIndex catalogIndex) {
        this.view = view;
        this.joined = joined;
        this.catalogIndex = catalogIndex;
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

    /** Why there is no anchor; empty if there is one. */
    Optional<Obstacle> obstacle() {
        if (anchor().isPresent()) {
            return Optional.empty();
        }
        List<String> reasons = new ArrayList<>();
        List<Remedy> remedies = new ArrayList<>();
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
        String name = one.table().sql();
        if (one.nullable()) {
            return new Obstacle(
                    name + " is on the nullable side of an outer join (of a FULL JOIN both sides are)", Remedy.NONE);
        }
        if (timesRead(one.table()) > 1) {
            return new Obstacle(name + " is read more than once", Remedy.NONE);
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
                && timesRead(one.table()) == 1
                && !keys.get(read).columns().isEmpty()
                && keys.get(read).obstacle().isEmpty()
                && !notShown.containsKey(read);
    }

    private boolean isShownByTheView(int read) {
        return keys.get(read).columns().stream().allMatch(column -> joined.positionOf(read, column) > 0);
    }

    /** How often the query reads rows of the table, by its own name or by that of a partitioned table. */
    private long timesRead(Relation table) {
        Set<Long> rows = rowsOf(table);
        return joined.reads().stream()
                .filter(other -> rowsOf(other.table()).stream().anyMatch(rows::contains))
                .count();
    }

    private Set<Long> rowsOf(Relation table) {
        Set<Long> found = new HashSet<>(Set.of(table.oid()));
        catalogIndex.childrenOf(table).forEach(child -> found.addAll(rowsOf(child)));
        return found;
    }

    private boolean canShow(int read, int column) {
        JoinedReads.Read one = joined.reads().get(read);
        Integer shown = one.columns().get(column);
        return joined.positionOf(read, column) > 0
                || (shown != null
                        && joined.names().of(one.entry()).isPresent()
                        && joined.names().column(one.entry(), shown).isPresent());
    }

    private Obstacle cannotShow(int read, int column) {
        JoinedReads.Read one = joined.reads().get(read);
        String name = columnName(one.table(), column);
        if (!one.columns().containsKey(column)) {
            String source = joined.source(one.entry());
            return new Obstacle(
                    "the key column " + name + " of " + one.table().sql() + " is not shown by " + source
                            + ", through which it is read",
                    Remedy.text("add " + name + " of " + one.table().sql() + " to the columns of " + source
                            + ", unaltered"));
        }
        return new Obstacle(
                "the name of a join covers " + one.table().sql() + ", so that its key column " + name
                        + " cannot be named",
                Remedy.text("write the query without a name for the join"));
    }

    /** @throws java.util.NoSuchElementException if there is no anchor */
    IncrementalQuery plan() {
        int anchor = anchor().orElseThrow();
        Relation table = joined.reads().get(anchor).table();
        StoreColumns columns = new StoreColumns();
        // The anchor first, so that its hidden columns have the first numbers.
        columns.show(anchor);
        IntStream.range(0, joined.reads().size())
                .filter(read -> keys.get(read).obstacle().isEmpty() && !notShown.containsKey(read))
                .forEach(columns::show);
        return new IncrementalQuery(
                view.viewId(),
                view.oid(),
                List.of(),
                Optional.of(table.tableId()),
                keys.get(anchor).columns().stream()
                        .map(column -> columnName(table, column))
                        .toList(),
                columns.positions(anchor),
                columns.hidden(),
                tables(columns));
    }

    private List<TableChanges> tables(StoreColumns columns) {
        Map<Relation, List<Integer>> byTable = new LinkedHashMap<>();
        for (int read = 0; read < joined.reads().size(); read++) {
            byTable.computeIfAbsent(joined.reads().get(read).table(), table -> new ArrayList<>())
                    .add(read);
        }
        List<TableChanges> found = new ArrayList<>();
        byTable.forEach((table, reads) -> {
            Optional<Obstacle> everything = reads.stream()
                    .map(this::whyEverything)
                    .flatMap(Optional::stream)
                    .findFirst();
            found.add(new TableChanges(
                    table.tableId(),
                    keys.get(reads.getFirst()).columns().stream()
                            .map(column -> columnName(table, column))
                            .toList(),
                    everything.isPresent()
                            ? List.of()
                            : reads.stream().map(columns::positions).toList(),
                    everything));
        });
        return found;
    }

    private Optional<Obstacle> whyEverything(int read) {
        JoinedReads.Read one = joined.reads().get(read);
        if (one.hidden()) {
            return Optional.of(new Obstacle(
                    "a condition above an outer join may hide that a row of "
                            + one.table().sql() + " found its match",
                    Remedy.NONE));
        }
        if (timesRead(one.table()) > 1) {
            // The store has the key of each read. A probe of a changed row names the columns of one.
            return Optional.of(new Obstacle(one.table().sql() + " is read more than once", Remedy.NONE));
        }
        return keys.get(read).obstacle().or(() -> Optional.ofNullable(notShown.get(read)));
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
        private final Map<JoinedReads.Origin, HiddenColumn> hidden = new LinkedHashMap<>();
        private final Set<String> taken =
                view.columns().stream().map(Relation.Column::name).collect(Collectors.toSet());

        void show(int read) {
            JoinedReads.Read one = joined.reads().get(read);
            for (int column : keys.get(read).columns()) {
                JoinedReads.Origin origin = new JoinedReads.Origin(read, column);
                if (joined.positionOf(read, column) == 0 && !hidden.containsKey(origin)) {
                    String alias = joined.names().of(one.entry()).orElseThrow();
                    String name = joined.names()
                            .column(one.entry(), one.columns().getOrDefault(column, 0))
                            .orElseThrow();
                    hidden.put(origin, new HiddenColumn(freeName(), alias, name, read, column));
                }
            }
        }

        private String freeName() {
            int number = 1;
            while (!taken.add("refreshd_" + number)) {
                number++;
            }
            return "refreshd_" + number;
        }

        List<HiddenColumn> hidden() {
            return List.copyOf(hidden.values());
        }

        List<Integer> positions(int read) {
            List<JoinedReads.Origin> origins = List.copyOf(hidden.keySet());
            return keys.get(read).columns().stream()
                    .map(column -> {
                        int shown = joined.positionOf(read, column);
                        return shown > 0
                                ? origins.size() + shown
                                : origins.indexOf(new JoinedReads.Origin(read, column)) + 1;
                    })
                    .toList();
        }
    }
}
