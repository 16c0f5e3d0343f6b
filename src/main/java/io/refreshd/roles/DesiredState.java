package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The role views that the configuration asks for, once the roles are known. Pure.
 *
 * @param views the desired views by name
 * @param excluded names for which no view is created, and no existing view is dropped: several roles lead to the name, or the view
 *     would never be refreshed
 * @param resolved templates whose roles are known, by name; only views of these templates can be surplus
 */
record DesiredState(
        SortedMap<ViewId, DesiredView> views,
        Set<ViewId> excluded,
        Map<String, RoleViewTemplate> resolved,
        List<Obstacle> obstacles) {

    /**
     * Derives the desired views from the templates and their roles.
     *
     * @param included whether {@code views.include} and {@code views.exclude} let a view of that name be refreshed
     */
    static DesiredState of(Map<RoleViewTemplate, List<String>> roles, Predicate<ViewId> included) {
        SortedMap<ViewId, DesiredView> views = new TreeMap<>();
        SortedMap<ViewId, Set<String>> claims = new TreeMap<>();
        Map<String, RoleViewTemplate> resolved = new TreeMap<>();
        List<Obstacle> obstacles = new ArrayList<>();
        roles.forEach((template, names) -> {
            resolved.put(template.name().toString(), template);
            String definition = TemplateDefinition.of(template).text();
            for (String role : new LinkedHashSet<>(names)) {
                try {
                    ViewId id = new ViewId(template.schema(), template.name().nameFor(role));
                    views.put(id, new DesiredView(id, template, role, definition));
                    claims.computeIfAbsent(id, same -> new TreeSet<>())
                            .add(template.name() + " for role " + TerminalText.quoted(role));
                } catch (IllegalArgumentException e) {
                    obstacles.add(new Obstacle(
                            "role " + TerminalText.quoted(role) + " cannot have a view: " + e.getMessage(),
                            Remedy.text("leave the role out of the roles of " + template.name())));
                }
            }
        });
        Set<ViewId> excluded = new HashSet<>();
        claims.forEach((id, claimants) -> {
            if (claimants.size() > 1) {
                excluded.add(id);
                views.remove(id);
                obstacles.add(new Obstacle(
                        "several roles lead to the view " + id + ": " + String.join(", ", claimants),
                        Remedy.text("rename a role or a template")));
            }
        });
        obstacles.addAll(removeNeverRefreshed(views, excluded, included));
        return new DesiredState(views, excluded, resolved, obstacles);
    }

    /** Removes the views that would never be refreshed. One obstacle for each template, since it may have a thousand roles. */
    private static List<Obstacle> removeNeverRefreshed(
            SortedMap<ViewId, DesiredView> views, Set<ViewId> excluded, Predicate<ViewId> included) {
        Map<String, ViewId> first = new TreeMap<>();
        views.values().removeIf(view -> {
            boolean leftOut = view.kind().isKept() && !included.test(view.id());
            if (leftOut) {
                excluded.add(view.id());
                first.putIfAbsent(view.template().name().toString(), view.id());
            }
            return leftOut;
        });
        return first.entrySet().stream()
                .map(entry -> new Obstacle(
                        "views of the template " + entry.getKey() + " would be created and never refreshed, such as "
                                + entry.getValue() + ": views.include and views.exclude leave them out",
                        Remedy.text("include them, or declare kind: view")))
                .toList();
    }
}
