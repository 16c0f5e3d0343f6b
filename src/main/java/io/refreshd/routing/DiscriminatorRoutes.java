package io.refreshd.routing;

import io.refreshd.catalog.ChangeFilter;
import io.refreshd.catalog.Discriminator;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Operation;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Routes changed rows to views by the values of discriminator columns. A value is looked up in a hash table: with one view for each of a
 * thousand roles, a changed row is not compared with each view.
 */
final class DiscriminatorRoutes {
    private final List<ViewId> skipped;
    private final Route withoutDiscriminator;
    private final Map<String, Column> columns;
    private final List<ViewId> discriminated;

    /**
     * The views that have a discriminator in one column.
     *
     * @param indexed the views that have an index to find a changed row by, so that they can be asked whether they show it
     * @param unindexed the other views
     * @param byValue all of the views, by each of their values
     */
    private record Column(Route indexed, Route unindexed, Map<String, Route> byValue) {}

    /**
     * Where changed rows go.
     *
     * @param affected views that count as affected
     * @param candidates views that are affected only if they show one of the rows: the rows are not theirs now, and the log does not
     *     hold what the rows were before
     */
    record Destinations(List<Route> affected, List<Route> candidates) {}

    /**
     * @param readers views that read a column which changed
     * @param skipped views that read the table, but no column which changed
     */
    DiscriminatorRoutes(List<ViewId> readers, List<ViewId> skipped, Function<ViewId, ChangeFilter> filters) {
        this.skipped = List.copyOf(skipped);
        List<ViewId> without = new ArrayList<>();
        Map<String, List<ViewId>> byColumn = new HashMap<>();
        Map<String, Map<String, List<ViewId>>> byValue = new HashMap<>();
        for (ViewId view : readers) {
            Optional<Discriminator> discriminator = filters.apply(view).discriminator();
            if (discriminator.isEmpty()) {
                without.add(view);
                continue;
            }
            String column = discriminator.get().column();
            byColumn.computeIfAbsent(column, c -> new ArrayList<>()).add(view);
            for (String value : discriminator.get().values()) {
                byValue.computeIfAbsent(column, c -> new HashMap<>())
                        .computeIfAbsent(value, v -> new ArrayList<>())
                        .add(view);
            }
        }
        this.withoutDiscriminator = new Route(without, filters);
        this.columns = new HashMap<>();
        byColumn.forEach((column, views) -> {
            Map<String, Route> routes = new HashMap<>();
            byValue.getOrDefault(column, Map.of())
                    .forEach((value, some) -> routes.put(value, new Route(some, filters)));
            Map<Boolean, List<ViewId>> byIndexed =
                    views.stream().collect(Collectors.partitioningBy(view -> isIndexed(filters.apply(view))));
            columns.put(
                    column,
                    new Column(
                            new Route(byIndexed.getOrDefault(true, List.of()), filters),
                            new Route(byIndexed.getOrDefault(false, List.of()), filters),
                            routes));
        });
        this.discriminated = byColumn.values().stream().flatMap(List::stream).toList();
    }

    private static boolean isIndexed(ChangeFilter filter) {
        return filter.lookup()
                .key()
                .filter(key -> key.indexed() && !key.byValue())
                .isPresent();
    }

    /** The views that read the table, but no column which changed. */
    List<ViewId> skipped() {
        return skipped;
    }

    /** The views that have a discriminator: a change whose rows hold none of their values does not affect them. */
    List<ViewId> discriminated() {
        return discriminated;
    }

    /**
     * Where these rows go. A value that is not known counts as every value, and so does TRUNCATE, of which no value is known.
     *
     * @param operations how many rows each operation touched
     */
    Destinations destinations(ChangedRows rows, Map<Operation, Long> operations) {
        List<Route> affected = new ArrayList<>();
        List<Route> candidates = new ArrayList<>();
        affected.add(withoutDiscriminator);
        columns.forEach((name, column) -> {
            Optional<Set<String>> values = rows.values(name).or(() -> rows.newValues(name));
            if (values.isEmpty() || operations.containsKey(Operation.TRUNCATE)) {
                affected.add(column.indexed());
                affected.add(column.unindexed());
                return;
            }
            values.get().stream()
                    .flatMap(value -> Optional.ofNullable(column.byValue().get(value)).stream())
                    .forEach(affected::add);
            if (rows.values(name).isEmpty()) {
                // Only the new values are known: a view whose value the rows had before may show them.
                affected.add(column.unindexed());
                candidates.add(column.indexed());
            }
        });
        return new Destinations(affected, candidates);
    }
}
