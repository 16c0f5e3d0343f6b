package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.model.Obstacle;
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
 * What the configuration asks for, once the roles are known. Pure.
 *
 * @param wanted by name
 * @param contested names that several roles lead to, or that would not be kept fresh: nobody gets them, and what is there stays
 * @param judged templates whose roles are known: only of these a view can be one too many
 */
record Declared(
        SortedMap<ViewId, WantedView> wanted,
        Set<ViewId> contested,
        Map<String, RoleViewTemplate> judged,
        List<Obstacle> obstacles) {

    /** @param included whether a view of that name would be kept fresh */
    static Declared of(Map<RoleViewTemplate, List<String>> roles, Predicate<ViewId> included) {
        SortedMap<ViewId, WantedView> wanted = new TreeMap<>();
        SortedMap<ViewId, Set<String>> claims = new TreeMap<>();
        Map<String, RoleViewTemplate> judged = new TreeMap<>();
        List<Obstacle> obstacles = new ArrayList<>();
        roles.forEach((template, names) -> {
            judged.put(template.name().toString(), template);
            String definition = Blueprint.of(template).text();
            for (String role : new LinkedHashSet<>(names)) {
                try {
                    ViewId id = new ViewId(template.schema(), template.name().nameFor(role));
                    wanted.put(id, new WantedView(id, template, role, definition));
                    claims.computeIfAbsent(id, same -> new TreeSet<>())
                            .add(template.name() + " for role " + Words.quoted(role));
                } catch (IllegalArgumentException e) {
                    obstacles.add(new Obstacle(
                            "role " + Words.quoted(role) + " cannot have a view: " + e.getMessage(),
                            "leave the role out of the roles of " + template.name()));
                }
            }
        });
        Set<ViewId> contested = new HashSet<>();
        claims.forEach((id, claimants) -> {
            if (claimants.size() > 1) {
                contested.add(id);
                wanted.remove(id);
                obstacles.add(new Obstacle(
                        "several roles lead to the view " + id + ": " + String.join(", ", claimants),
                        "rename a role or a template"));
            }
        });
        obstacles.addAll(leftOut(wanted, contested, included));
        return new Declared(wanted, contested, judged, obstacles);
    }

    /** One obstacle for each template, and not for each of a thousand roles. */
    private static List<Obstacle> leftOut(
            SortedMap<ViewId, WantedView> wanted, Set<ViewId> contested, Predicate<ViewId> included) {
        Map<String, ViewId> first = new TreeMap<>();
        wanted.values().removeIf(view -> {
            boolean leftOut = view.kind() == 'm' && !included.test(view.id());
            if (leftOut) {
                contested.add(view.id());
                first.putIfAbsent(view.template().name().toString(), view.id());
            }
            return leftOut;
        });
        return first.entrySet().stream()
                .map(entry -> new Obstacle(
                        "views of the template " + entry.getKey() + " would be made and never refreshed, such as "
                                + entry.getValue() + ": views.include and views.exclude leave them out",
                        "include them, or declare kind: view"))
                .toList();
    }
}
