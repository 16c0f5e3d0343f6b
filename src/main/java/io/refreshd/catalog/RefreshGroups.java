package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The groups of views that are to be refreshed together, as the configuration names them, beside the views that there are.
 *
 * <p>Immutable, so any thread may use it.
 */
public final class RefreshGroups {
    private static final Remedy ONE_OUT = Remedy.text("name the views between them in that group too, or take one of"
            + " the two out of its group in views.together, and start refreshd again");

    private final ViewGraph graph;
    private final List<Group> groups = new ArrayList<>();
    private final Map<ViewId, Group> byView = new HashMap<>();

    /**
     * A group.
     *
     * @param members those of its views that there are, in the order of the configuration
     * @param missing those that there are not
     * @param conflict why they cannot be refreshed together; empty if they can
     */
    public record Group(List<ViewId> members, List<ViewId> missing, Optional<Obstacle> conflict) {}

    private RefreshGroups(ViewGraph graph) {
        this.graph = graph;
    }

    public static RefreshGroups of(ViewGraph graph, List<List<ViewId>> together) {
        RefreshGroups groups = new RefreshGroups(graph);
        Map<ViewId, List<ViewId>> mates = new HashMap<>();
        for (List<ViewId> names : together) {
            List<ViewId> members =
                    names.stream().filter(graph.views()::containsKey).toList();
            members.forEach(view -> mates.put(view, members));
        }
        for (List<ViewId> names : together) {
            List<ViewId> members =
                    names.stream().filter(graph.views()::containsKey).toList();
            List<ViewId> missing =
                    names.stream().filter(view -> !members.contains(view)).toList();
            Group group = new Group(members, missing, groups.mixed(members).or(() -> groups.stacked(members, mates)));
            groups.groups.add(group);
            members.forEach(view -> groups.byView.put(view, group));
        }
        return groups;
    }

    /** All groups, in the order of the configuration. */
    public List<Group> groups() {
        return List.copyOf(groups);
    }

    /** The other views that are refreshed together with this one. */
    public Set<ViewId> othersOf(ViewId view) {
        Group group = byView.get(view);
        return group == null || group.conflict().isPresent()
                ? Set.of()
                : group.members().stream()
                        .filter(member -> !member.equals(view))
                        .collect(Collectors.toSet());
    }

    /**
     * Why the view cannot be refreshed together with its group: a conflict, or what keeps another one of them from being refreshed.
     *
     * @param own why a view cannot be refreshed by itself
     */
    public Optional<Obstacle> obstacleTo(ViewId view, Function<ViewId, Optional<Obstacle>> own) {
        Group group = byView.get(view);
        return group == null
                ? Optional.empty()
                : group.conflict()
                        .or(() -> new TreeSet<>(othersOf(view))
                                .stream()
                                        .filter(other -> !isIncremental(other))
                                        .flatMap(other -> own.apply(other).map(why -> becauseOf(other, why)).stream())
                                        .findFirst());
    }

    private static Obstacle becauseOf(ViewId other, Obstacle why) {
        return new Obstacle(
                "is refreshed together with " + other + ", which cannot be refreshed: " + why.what(), why.remedy());
    }

    private boolean isIncremental(ViewId view) {
        return graph.view(view).flatMap(MaterializedView::incremental).isPresent();
    }

    private Optional<Obstacle> mixed(List<ViewId> members) {
        Optional<ViewId> incremental =
                members.stream().filter(this::isIncremental).findFirst();
        Optional<ViewId> other =
                members.stream().filter(view -> !isIncremental(view)).findFirst();
        return incremental.flatMap(one -> other.map(two -> new Obstacle(
                "views.together names " + one + ", which is incremental, together with " + two
                        + ", which is not: a round and a refresh cannot have one snapshot",
                Remedy.text(
                        "convert the others too, or take one of the two out of its group in views.together, and start"
                                + " refreshd again"))));
    }

    /**
     * A view that reads another one of its group is refreshed after it, in the same transaction. If a view outside of the group stands
     * between the two, it would have to be refreshed in between. The ways lead through other groups too: a group is refreshed after all that
     * its views read.
     */
    private Optional<Obstacle> stacked(List<ViewId> members, Map<ViewId, List<ViewId>> mates) {
        for (ViewId member : members) {
            Set<ViewId> seen = new HashSet<>();
            Deque<ViewId> open = new ArrayDeque<>(new TreeSet<>(graph.downstreamOf(member)));
            members.forEach(open::remove);
            while (!open.isEmpty()) {
                ViewId reader = open.remove();
                if (members.contains(reader)) {
                    return Optional.of(new Obstacle(
                            "views.together names " + reader + " together with " + member
                                    + ", but it stands on that view through others that are not in the group",
                            ONE_OUT));
                }
                if (seen.add(reader)) {
                    for (ViewId mate : mates.getOrDefault(reader, List.of(reader))) {
                        open.addAll(new TreeSet<>(graph.downstreamOf(mate)));
                    }
                }
            }
        }
        return Optional.empty();
    }
}
