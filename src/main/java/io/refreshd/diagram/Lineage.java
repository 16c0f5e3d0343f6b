package io.refreshd.diagram;

import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * What reads what: tables and the views that read them, views and the views that they read. Immutable.
 *
 * @param readers the views that read each table, directly or through plain views
 * @param upstream the materialized views that each view reads; all views are among the keys
 */
public record Lineage(SortedMap<TableId, SortedSet<ViewId>> readers, SortedMap<ViewId, SortedSet<ViewId>> upstream) {

    /** @param views all views, also those that read nothing that is known */
    public static Lineage of(
            Collection<ViewId> views,
            Map<TableId, ? extends Collection<ViewId>> readers,
            Map<ViewId, ? extends Collection<ViewId>> upstream) {
        SortedMap<TableId, SortedSet<ViewId>> tables = new TreeMap<>();
        readers.forEach((table, of) -> tables.put(table, new TreeSet<>(of)));
        SortedMap<ViewId, SortedSet<ViewId>> stacked = new TreeMap<>();
        views.forEach(view -> stacked.put(view, new TreeSet<>()));
        tables.values().forEach(of -> of.forEach(view -> stacked.putIfAbsent(view, new TreeSet<>())));
        upstream.forEach((view, sources) -> {
            stacked.computeIfAbsent(view, v -> new TreeSet<>()).addAll(sources);
            sources.forEach(source -> stacked.putIfAbsent(source, new TreeSet<>()));
        });
        return new Lineage(tables, stacked);
    }

    /** The part of it that these views read, directly or indirectly, and that reads them. */
    public Lineage around(Collection<ViewId> chosen) {
        Map<ViewId, Set<ViewId>> downstream = new HashMap<>();
        upstream.forEach((view, sources) -> sources.forEach(source ->
                downstream.computeIfAbsent(source, v -> new HashSet<>()).add(view)));
        Set<ViewId> kept = reached(chosen, view -> upstream.getOrDefault(view, new TreeSet<>()));
        kept.addAll(reached(chosen, view -> downstream.getOrDefault(view, Set.of())));
        SortedMap<TableId, SortedSet<ViewId>> tables = new TreeMap<>();
        readers.forEach((table, of) -> {
            SortedSet<ViewId> left = within(of, kept);
            if (!left.isEmpty()) {
                tables.put(table, left);
            }
        });
        SortedMap<ViewId, SortedSet<ViewId>> stacked = new TreeMap<>();
        kept.forEach(view -> stacked.put(view, within(upstream.getOrDefault(view, new TreeSet<>()), kept)));
        return new Lineage(tables, stacked);
    }

    private static SortedSet<ViewId> within(Collection<ViewId> views, Set<ViewId> kept) {
        SortedSet<ViewId> left = new TreeSet<>(views);
        left.retainAll(kept);
        return left;
    }

    private static Set<ViewId> reached(Collection<ViewId> begin, Function<ViewId, ? extends Collection<ViewId>> next) {
        Set<ViewId> reached = new HashSet<>(begin);
        Deque<ViewId> open = new ArrayDeque<>(begin);
        while (!open.isEmpty()) {
            for (ViewId view : next.apply(open.remove())) {
                if (reached.add(view)) {
                    open.add(view);
                }
            }
        }
        return reached;
    }

    int size() {
        return readers.size() + upstream.size();
    }

    long edges() {
        return readers.values().stream().mapToLong(Collection::size).sum()
                + upstream.values().stream().mapToLong(Collection::size).sum();
    }

    /** The schemas of all tables and views. */
    Set<String> schemas() {
        Set<String> schemas = new HashSet<>();
        readers.keySet().forEach(table -> schemas.add(table.schema()));
        upstream.keySet().forEach(view -> schemas.add(view.schema()));
        return schemas;
    }
}
