package io.refreshd.routing;

import io.refreshd.catalog.Discriminator;
import io.refreshd.catalog.Narrowing;
import io.refreshd.catalog.ProbeKey;
import io.refreshd.catalog.Probing;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Operation;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The views that read what changed, sorted out by the values that tell the rows of one from those of another: with a view for
 * each of a thousand roles, a row is looked up by its role, and not held against each of the views.
 */
final class ByValue {
    private final List<ViewId> skipped;
    /** Views without a discriminator, and per column those that have one in it. */
    private final Route rest;

    private final Map<String, Column> columns;
    private final List<ViewId> discriminated;

    /**
     * Views whose rows have certain values in a column.
     *
     * @param findable those that can be asked whether they show a row
     * @param others the rest of them
     * @param byValue all of them, by each of their values
     */
    private record Column(Route findable, Route others, Map<String, Route> byValue) {}

    /**
     * Where the news of rows goes.
     *
     * @param told views that are concerned
     * @param asked views that are concerned if they show one of the rows: the rows are none of theirs any more, but what they
     *     were is not known
     */
    record Destinations(List<Route> told, List<Route> asked) {}

    /** Views that get the same news, by how they look it up. Compared by identity: there may be many. */
    static final class Route {
        private final Map<Probing, List<ViewId>> views;

        private Route(List<ViewId> views, Function<ViewId, Narrowing> narrowings) {
            this.views = views.stream()
                    .collect(Collectors.groupingBy(
                            view -> narrowings.apply(view).probing(), LinkedHashMap::new, Collectors.toList()));
        }

        Map<Probing, List<ViewId>> views() {
            return views;
        }
    }

    /** @param spared views that read the table, but nothing of what changed */
    ByValue(List<ViewId> affected, List<ViewId> skipped, Function<ViewId, Narrowing> narrowings) {
        this.skipped = List.copyOf(skipped);
        List<ViewId> rest = new ArrayList<>();
        Map<String, List<ViewId>> all = new HashMap<>();
        Map<String, Map<String, List<ViewId>>> byValue = new HashMap<>();
        for (ViewId view : affected) {
            Optional<Discriminator> discriminator = narrowings.apply(view).discriminator();
            if (discriminator.isEmpty()) {
                rest.add(view);
                continue;
            }
            String column = discriminator.get().column();
            all.computeIfAbsent(column, c -> new ArrayList<>()).add(view);
            for (String value : discriminator.get().values()) {
                byValue.computeIfAbsent(column, c -> new HashMap<>())
                        .computeIfAbsent(value, v -> new ArrayList<>())
                        .add(view);
            }
        }
        this.rest = new Route(rest, narrowings);
        this.columns = new HashMap<>();
        all.forEach((column, views) -> {
            Map<String, Route> routes = new HashMap<>();
            byValue.getOrDefault(column, Map.of())
                    .forEach((value, some) -> routes.put(value, new Route(some, narrowings)));
            Map<Boolean, List<ViewId>> findable =
                    views.stream().collect(Collectors.partitioningBy(view -> isFindable(narrowings.apply(view))));
            columns.put(
                    column,
                    new Column(
                            new Route(findable.getOrDefault(true, List.of()), narrowings),
                            new Route(findable.getOrDefault(false, List.of()), narrowings),
                            routes));
        });
        this.discriminated = all.values().stream().flatMap(List::stream).toList();
    }

    private static boolean isFindable(Narrowing narrowing) {
        return narrowing.probing().key().filter(ProbeKey::indexed).isPresent();
    }

    List<ViewId> skipped() {
        return skipped;
    }

    /** Views that are told apart by a value: spared too, unless the value turns up. */
    List<ViewId> discriminated() {
        return discriminated;
    }

    /** Where the news of these rows goes. Whatever is not known of them, a TRUNCATE above all, goes to everyone. */
    Destinations destinations(ChangedRows rows, Map<Operation, Long> operations) {
        List<Route> told = new ArrayList<>();
        List<Route> asked = new ArrayList<>();
        told.add(rest);
        columns.forEach((name, column) -> {
            Optional<Set<String>> values = rows.values(name).or(() -> rows.newValues(name));
            if (values.isEmpty() || operations.containsKey(Operation.TRUNCATE)) {
                told.add(column.findable());
                told.add(column.others());
                return;
            }
            values.get().stream()
                    .flatMap(value -> Optional.ofNullable(column.byValue().get(value)).stream())
                    .forEach(told::add);
            if (rows.values(name).isEmpty()) {
                told.add(column.others());
                asked.add(column.findable());
            }
        });
        return new Destinations(told, asked);
    }
}
