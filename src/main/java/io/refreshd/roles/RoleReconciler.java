package io.refreshd.roles;

import io.refreshd.config.Configuration;
import io.refreshd.config.RoleViewTemplate;
import io.refreshd.ledger.RoleViewRows;
import io.refreshd.ledger.RoleViewRows.Made;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;

/** Makes the role views what the configuration says. One thread calls it; any thread may cancel. */
public final class RoleReconciler {
    private static final String FOUND = """
            SELECT n.nspname::text AS schema, c.relname::text AS name, c.oid::int8 AS oid, c.relkind::text AS kind,
                   coalesce(pg_catalog.obj_description(c.oid, 'pg_class') LIKE :mark, false) AS marked
              FROM unnest((:schemas)::text[], (:names)::text[]) AS w (schema, name)
              JOIN pg_catalog.pg_namespace n ON n.nspname::text = w.schema
              JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name::name
            """;

    private final List<RoleViewTemplate> templates;
    private final Predicate<ViewId> included;
    private final RoleViewWriter writer;

    public RoleReconciler(Configuration configuration) {
        this.templates = configuration.roleViews();
        this.included = configuration.views()::includes;
        this.writer = new RoleViewWriter(
                configuration.refresh().lockTimeout(), configuration.refresh().statementTimeout());
    }

    /** Looks, and changes nothing. */
    public RolePlan plan(Handle handle) throws SQLException {
        List<Obstacle> unknown = new ArrayList<>();
        Map<RoleViewTemplate, List<String>> roles = new LinkedHashMap<>();
        for (RoleViewTemplate template : templates) {
            try {
                roles.put(template, RolesReader.roles(handle.getConnection(), template.roles()));
            } catch (SQLException e) {
                throwIfGone(e);
                unknown.add(new Obstacle(
                        "the roles of " + template.name() + " cannot be read: " + e.getMessage(),
                        "remedy role-views.templates[" + template.name() + "].roles-query, or what it reads"));
            }
        }
        Declared declared = Declared.of(roles, included);
        Map<ViewId, Made> made = RoleViewRows.load(handle);
        Set<ViewId> names = new HashSet<>(declared.wanted().keySet());
        names.addAll(made.keySet());
        RolePlan plan = RolePlan.of(declared, made, found(handle, names));
        unknown.addAll(plan.obstacles());
        return new RolePlan(plan.steps(), unknown, plan.notes());
    }

    /**
     * What would stand in the way of the views that a plan makes, in the words of {@link #apply}. Changes nothing, and leaves
     * the transaction in which it is called as it was.
     */
    public List<Obstacle> foresee(Handle transaction, RolePlan plan) throws SQLException {
        Map<RoleViewTemplate, List<Step>> byTemplate = new LinkedHashMap<>();
        for (Step step : plan.steps()) {
            step.wish()
                    .ifPresent(wanted -> byTemplate
                            .computeIfAbsent(wanted.template(), template -> new ArrayList<>())
                            .add(step));
        }
        List<Obstacle> obstacles = new ArrayList<>();
        for (List<Step> steps : byTemplate.values()) {
            together(steps.stream()
                            .flatMap(step -> step.wish().stream())
                            .flatMap(wanted -> Requirements.missingRole(transaction, wanted).stream())
                            .toList())
                    .ifPresent(obstacles::add);
            // The query is the same but for the role.
            Step first = steps.getFirst();
            try {
                WantedView wanted = first.wish().orElseThrow();
                obstacles.addAll(RolesReader.safely(
                        transaction.getConnection(), () -> Requirements.missingForAll(transaction, wanted)));
            } catch (SQLException e) {
                refused(first, e).refused().ifPresent(obstacles::add);
            }
        }
        return obstacles;
    }

    /** One for all that are of a kind, with what mends each. */
    private static Optional<Obstacle> together(List<Obstacle> obstacles) {
        if (obstacles.size() < 2) {
            return obstacles.stream().findFirst();
        }
        return Optional.of(new Obstacle(
                obstacles.getFirst().what() + "; and " + (obstacles.size() - 1) + " more like it",
                obstacles.stream().map(Obstacle::remedy).distinct().collect(Collectors.joining("; "))));
    }

    /**
     * Carries out the steps that are chosen. One that fails stands in nobody's way.
     *
     * @param proof of the right to write to the ledger; throws if there is none, and the step leaves nothing behind
     * @param done hears of each step that has made something different
     * @return what stands in the way of those that could not be done
     */
    public List<Obstacle> apply(
            Handle handle, RolePlan plan, Predicate<Step> chosen, Consumer<Handle> proof, Consumer<Step> done)
            throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>();
        for (Step step : plan.steps()) {
            if (chosen.test(step)) {
                Outcome outcome = apply(handle, step, proof);
                outcome.refused().ifPresent(obstacles::add);
                if (outcome.done()) {
                    done.accept(step);
                }
            }
        }
        return obstacles;
    }

    /** Ends the statement that runs, if one does. */
    public void cancel() throws SQLException {
        writer.cancel();
    }

    /**
     * Carries out one step because a person wants it, whoever holds the lease.
     *
     * @return why it could not be done
     */
    public Optional<Obstacle> apply(Handle handle, Step step) throws SQLException {
        return apply(handle, step, transaction -> {}).refused();
    }

    private Outcome apply(Handle handle, Step step, Consumer<Handle> proof) throws SQLException {
        try {
            return writer.run(handle, step, proof);
        } catch (SQLException e) {
            return refused(step, e);
        } catch (JdbiException e) {
            if (e.getCause() instanceof SQLException cause) {
                return refused(step, cause);
            }
            throw e;
        }
    }

    private static Outcome refused(Step step, SQLException e) throws SQLException {
        throwIfGone(e);
        return Outcome.refused(new Obstacle(
                "the role view " + step.view() + " is not as declared: " + e.getMessage(),
                "remedy the template, or what the message names; refreshd tries again"));
    }

    /** A connection that is lost, a server that shuts down: that is not about one view. */
    private static void throwIfGone(SQLException e) throws SQLException {
        String state = String.valueOf(e.getSQLState());
        if (state.startsWith("08")
                || state.startsWith("57P")
                || (state.equals("57014") && String.valueOf(e.getMessage()).contains("user request"))) {
            throw e;
        }
    }

    private static Map<ViewId, FoundRelation> found(Handle handle, Collection<ViewId> names) {
        Map<ViewId, FoundRelation> found = new HashMap<>();
        handle.createQuery(FOUND)
                .bind("mark", ViewBuilder.MARK + "%")
                .bind("schemas", names.stream().map(ViewId::schema).toArray(String[]::new))
                .bind("names", names.stream().map(ViewId::name).toArray(String[]::new))
                .map((row, context) -> Map.entry(
                        new ViewId(row.getString("schema"), row.getString("name")),
                        new FoundRelation(
                                row.getLong("oid"), row.getString("kind").charAt(0), row.getBoolean("marked"))))
                .forEach(entry -> found.put(entry.getKey(), entry.getValue()));
        return found;
    }
}
