package io.refreshd.catalog;

import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds views that somebody may want to be refreshed together: a view reads several that read the same table, or a few read just the same
 * tables. Pure.
 *
 * <p>Incremental views are left out, since those that lack the same change are brought up to date in one round anyway.
 */
public final class GroupProposals {
    /** More views of the same tables are one for each customer, say, and nobody reads them together. */
    private static final int MOST_ALIKE = 6;

    private final ViewGraph graph;
    private final List<List<ViewId>> present;
    private final Set<ViewId> taken = new HashSet<>();
    private final Map<ViewId, Set<TableId>> tables = new TreeMap<>();
    private final List<Proposal> found = new ArrayList<>();

    /** @param why in words for people */
    public record Proposal(List<ViewId> views, String why) {}

    private GroupProposals(ViewGraph graph, List<List<ViewId>> present) {
        this.graph = graph;
        this.present = present;
        present.forEach(taken::addAll);
    }

    /** @param present the groups that there are; their views are in no other one */
    public static List<Proposal> of(ViewGraph graph, List<List<ViewId>> present) {
        return new GroupProposals(graph, present).find();
    }

    private List<Proposal> find() {
        graph.tables()
                .keySet()
                .forEach(table -> graph.readersOf(table)
                        .forEach(reader -> tables.computeIfAbsent(reader.view(), view -> new TreeSet<>())
                                .add(table)));
        for (ViewId reader : graph.views().keySet()) {
            List<ViewId> read = candidates(graph.upstreamOf(reader));
            propose(
                    read.stream()
                            .filter(view -> read.stream().anyMatch(other -> !other.equals(view) && share(view, other)))
                            .toList(),
                    reader + " reads them");
        }
        Map<Set<TableId>, List<ViewId>> alike = candidates(graph.views().keySet()).stream()
                .filter(view -> !tablesOf(view).isEmpty())
                .collect(Collectors.groupingBy(this::tablesOf));
        alike.values().stream()
                .filter(views -> views.size() <= MOST_ALIKE)
                .sorted((one, other) -> one.getFirst().compareTo(other.getFirst()))
                .forEach(views -> propose(views, "they read the same tables"));
        return found;
    }

    private List<ViewId> candidates(Set<ViewId> views) {
        return new TreeSet<>(views)
                .stream()
                        .filter(view -> !taken.contains(view))
                        .filter(view -> graph.view(view)
                                .filter(known -> known.incremental().isEmpty())
                                .isPresent())
                        .toList();
    }

    private void propose(List<ViewId> views, String why) {
        List<List<ViewId>> all = Stream.concat(
                        Stream.concat(present.stream(), found.stream().map(Proposal::views)), Stream.of(views))
                .toList();
        boolean free = views.stream().noneMatch(taken::contains);
        if (views.size() > 1
                && free
                && RefreshGroups.of(graph, all).groups().stream()
                        .allMatch(group -> group.conflict().isEmpty())) {
            found.add(new Proposal(views, why));
            taken.addAll(views);
        }
    }

    private boolean share(ViewId one, ViewId other) {
        return tablesOf(one).stream().anyMatch(tablesOf(other)::contains);
    }

    private Set<TableId> tablesOf(ViewId view) {
        return tables.getOrDefault(view, Set.of());
    }
}
