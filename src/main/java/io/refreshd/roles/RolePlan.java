package io.refreshd.roles;

import io.refreshd.ledger.RoleViewRows.Made;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A plan: the steps that bring the role views of the database to the desired state.
 *
 * @param obstacles the reasons why some views cannot be brought there
 * @param notes lines about views that are left as they are on purpose, for people
 */
public record RolePlan(List<Step> steps, List<Obstacle> obstacles, List<String> notes) {
    public RolePlan {
        steps = List.copyOf(steps);
        obstacles = List.copyOf(obstacles);
        notes = List.copyOf(notes);
    }

    /** This plan with more obstacles. */
    public RolePlan with(List<Obstacle> more) {
        return new RolePlan(
                steps,
                Stream.concat(obstacles.stream(), more.stream()).distinct().toList(),
                notes);
    }

    /** Compares the desired state, the ledger and the catalog. Pure. */
    static RolePlan of(DesiredState state, Map<ViewId, Made> made, Map<ViewId, ExistingRelation> found) {
        List<Step> steps = new ArrayList<>();
        List<Obstacle> obstacles = new ArrayList<>(state.obstacles());
        List<String> notes = new ArrayList<>();
        for (DesiredView desired : state.views().values()) {
            ExistingRelation existing = found.get(desired.id());
            Made record = made.get(desired.id());
            if (existing == null) {
                steps.add(new Step.Create(desired));
            } else if (record != null && isOurs(record, existing)) {
                if (!record.definition().equals(desired.definition())) {
                    steps.add(new Step.Rebuild(desired, record, existing.kind().orElseThrow()));
                }
            } else if (existing.kind().isPresent()) {
                notes.add("= " + desired.id() + "  left alone: "
                        + (existing.marked()
                                ? "its comment says that refreshd made it, but this ledger does not know of it; drop it to"
                                        + " have it created again"
                                : "somebody else made it"));
            } else {
                obstacles.add(new Obstacle(
                        "the name " + desired.id() + " is taken by something that is no view",
                        Remedy.text("rename it, or the template "
                                + desired.template().name())));
            }
        }
        made.values().stream()
                .filter(record -> !state.views().containsKey(record.view())
                        && !state.excluded().contains(record.view()))
                .sorted(Comparator.comparing(Made::view))
                .forEach(record -> surplus(record, found.get(record.view()), state, steps, notes));
        return new RolePlan(steps, obstacles, notes);
    }

    /** Decides about a view that refreshd made and that is not desired. */
    private static void surplus(
            Made record,
            @Nullable ExistingRelation existing,
            DesiredState state,
            List<Step> steps,
            List<String> notes) {
        var template = state.resolved().get(record.template());
        if (existing == null || !isOurs(record, existing)) {
            steps.add(new Step.Forget(record));
        } else if (template != null && template.dropRemoved()) {
            steps.add(new Step.Drop(record, existing.kind().orElseThrow(), template));
        } else {
            notes.add("= " + record.view() + "  kept: "
                    + (template == null
                            ? "its template is not declared, or its roles are not known"
                            : "role " + TerminalText.quoted(record.role()) + " is gone"));
        }
    }

    /** One obstacle for all views whose template has changed since. The daemon does not rebuild them: that is for {@code apply}. */
    public Optional<Obstacle> outdated() {
        List<Step> rebuilds =
                steps.stream().filter(Step.Rebuild.class::isInstance).toList();
        return rebuilds.isEmpty()
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        "templates have changed since these role views were made: " + rebuilds.size()
                                + ", the first is " + rebuilds.getFirst().view(),
                        Remedy.text("refreshd plan shows what would be done, refreshd apply does it")));
    }

    /** Whether ledger and comment agree that refreshd owns a view: somebody may have replaced it, or taken it over by its comment. */
    private static boolean isOurs(Made record, ExistingRelation existing) {
        return record.oid() == existing.oid()
                && existing.marked()
                && existing.kind().isPresent();
    }
}
