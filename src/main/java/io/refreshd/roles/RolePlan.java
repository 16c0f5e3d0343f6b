package io.refreshd.roles;

import io.refreshd.ledger.RoleViewRows.Made;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What would make the database as it is declared.
 *
 * @param notes what is left as it is on purpose, for people
 */
public record RolePlan(List<Step> steps, List<Obstacle> obstacles, List<String> notes) {
    public RolePlan {
        steps = List.copyOf(steps);
        obstacles = List.copyOf(obstacles);
        notes = List.copyOf(notes);
    }

    /** Decides. Pure: the same three tables lead to the same plan. */
    static RolePlan of(Declared declared, Map<ViewId, Made> made, Map<ViewId, FoundRelation> found) {
        List<Step> steps = new ArrayList<>();
        List<Obstacle> obstacles = new ArrayList<>(declared.obstacles());
        List<String> notes = new ArrayList<>();
        for (WantedView wanted : declared.wanted().values()) {
            FoundRelation there = found.get(wanted.id());
            Made record = made.get(wanted.id());
            if (there == null) {
                steps.add(new Step.Create(wanted));
            } else if (record != null && isOurs(record, there)) {
                if (!record.definition().equals(wanted.definition())) {
                    steps.add(new Step.Rebuild(wanted, record, there.kind()));
                }
            } else if (there.isView()) {
                notes.add("= " + wanted.id() + "  left alone: "
                        + (there.marked()
                                ? "by its comment refreshd made it, but this ledger does not know of it; drop it to"
                                        + " have it made anew"
                                : "somebody else made it"));
            } else {
                obstacles.add(new Obstacle(
                        "the name " + wanted.id() + " is taken by something that is no view",
                        "rename it, or the template " + wanted.template().name()));
            }
        }
        made.values().stream()
                .filter(record -> !declared.wanted().containsKey(record.view())
                        && !declared.contested().contains(record.view()))
                .sorted(java.util.Comparator.comparing(Made::view))
                .forEach(record -> surplus(record, found.get(record.view()), declared, steps, notes));
        return new RolePlan(steps, obstacles, notes);
    }

    private static void surplus(
            Made record,
            @org.jspecify.annotations.Nullable FoundRelation there,
            Declared declared,
            List<Step> steps,
            List<String> notes) {
        var template = declared.judged().get(record.template());
        if (there == null || !isOurs(record, there)) {
            steps.add(new Step.Forget(record));
        } else if (template != null && template.dropRemoved()) {
            steps.add(new Step.Drop(record, there.kind(), template));
        } else {
            notes.add("= " + record.view() + "  kept: "
                    + (template == null
                            ? "its template is not declared, or its roles are not known"
                            : "role " + Words.quoted(record.role()) + " is gone"));
        }
    }

    /** That views were made from what their template was once; only {@code apply} makes them anew. One, and not a thousand. */
    public Optional<Obstacle> outdated() {
        List<Step> rebuilds =
                steps.stream().filter(Step.Rebuild.class::isInstance).toList();
        return rebuilds.isEmpty()
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        "templates have changed since these role views were made: " + rebuilds.size()
                                + ", the first is " + rebuilds.getFirst().view(),
                        "refreshd plan shows what would be done, refreshd apply does it"));
    }

    /** Ledger and comment have to agree: a view that somebody else put in its place, or took over, is not ours. */
    private static boolean isOurs(Made record, FoundRelation there) {
        return record.oid() == there.oid() && there.marked();
    }
}
