package io.refreshd.roles;

import io.refreshd.config.Configuration;
import io.refreshd.config.RoleViewTemplate;
import io.refreshd.config.RoleViewTemplate.Kind;
import io.refreshd.database.ErrorOrigin;
import io.refreshd.database.ErrorSummary;
import io.refreshd.database.StatementWatch;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.ledger.RoleViewRows;
import io.refreshd.ledger.RoleViewRows.Made;
import io.refreshd.model.Confidential;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
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
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;

/**
 * Reconciles the role views of the database with the configuration.
 *
 * <p>Thread: one thread calls it; any thread may call {@link #cancel}.
 */
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
    private final StepExecutor writer;

    /** Without a watch: for a verb. */
    public RoleReconciler(Configuration configuration) {
        this(configuration, StatementWatch.NONE);
    }

    /** @param watch ends a step that holds up others */
    public RoleReconciler(Configuration configuration, StatementWatch watch) {
        this.templates = configuration.roleViews();
        this.included = configuration.views()::includes;
        this.writer = new StepExecutor(
                configuration.refresh().lockTimeout(), configuration.refresh().statementTimeout(), watch);
    }

    /** Plans the steps. Changes nothing. */
    public RolePlan plan(Handle handle) throws SQLException {
        List<Obstacle> unknown = new ArrayList<>();
        Map<RoleViewTemplate, List<String>> roles = new LinkedHashMap<>();
        for (RoleViewTemplate template : templates) {
            try {
                RolesReader.Roles read = RolesReader.roles(handle.getConnection(), template.roles());
                roles.put(template, read.names());
                unsent(template, read.unsent()).ifPresent(unknown::add);
            } catch (SQLException e) {
                throwIfGone(e);
                unknown.add(new Obstacle(
                        "the roles of " + template.name() + " cannot be read: " + ErrorSummary.withoutValues(e),
                        Remedy.text("fix role-views.templates[" + template.name() + "].roles-query, or what it reads"),
                        said(e)));
            }
        }
        DesiredState desired = DesiredState.of(roles, included);
        Map<ViewId, Made> made = RoleViewRows.load(handle);
        Set<ViewId> names = new HashSet<>(desired.views().keySet());
        names.addAll(made.keySet());
        RolePlan plan = RolePlan.of(desired, made, found(handle, names));
        unknown.addAll(plan.obstacles());
        return new RolePlan(plan.steps(), unknown, plan.notes());
    }

    private static Optional<Obstacle> unsent(RoleViewTemplate template, List<String> roles) {
        return roles.isEmpty()
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        roles.size() + " of the roles of " + template.name()
                                + " have no view: the server cannot send them in UTF-8 (bytes in hexadecimal: "
                                + TerminalText.quoted(String.join(", ", roles)) + ")",
                        Remedy.text("rename them, or leave them out of role-views.templates[" + template.name()
                                + "].roles-query")));
    }

    /**
     * Checks whether the views of a plan can be created, and returns the obstacles that {@link #apply} would. Changes nothing; a
     * transaction of the caller stays usable.
     */
    public List<Obstacle> preflight(Handle transaction, RolePlan plan) throws SQLException {
        Map<RoleViewTemplate, List<Step>> byTemplate = new LinkedHashMap<>();
        for (Step step : plan.steps()) {
            step.target()
                    .ifPresent(desired -> byTemplate
                            .computeIfAbsent(desired.template(), template -> new ArrayList<>())
                            .add(step));
        }
        List<Obstacle> obstacles = new ArrayList<>();
        for (List<Step> steps : byTemplate.values()) {
            summary(steps.stream()
                            .flatMap(step -> step.target().stream())
                            .flatMap(desired -> Requirements.missingRole(transaction, desired).stream())
                            .toList())
                    .ifPresent(obstacles::add);
            // One view stands for all of the template: their queries differ in the role only.
            Step first = steps.getFirst();
            try {
                DesiredView desired = first.target().orElseThrow();
                obstacles.addAll(Requirements.missingForAll(transaction, desired));
            } catch (SQLException e) {
                refused(first, e).refused().ifPresent(obstacles::add);
            }
        }
        return obstacles;
    }

    /**
     * Examines whether the views of a plan that are to be incremental can be. Changes nothing; what is created for it is taken back.
     *
     * @param transaction open, and not read-only; it stays usable
     */
    public List<Obstacle> preflightIncremental(Handle transaction, RolePlan plan) throws SQLException {
        Set<RoleViewTemplate> examined = new HashSet<>();
        List<Obstacle> obstacles = new ArrayList<>();
        for (Step step : plan.steps()) {
            // One view stands for all of the template: their queries differ in the role only.
            Optional<DesiredView> target = step.target()
                    .filter(desired -> desired.kind() == Kind.INCREMENTAL && examined.add(desired.template()));
            if (target.isPresent()) {
                try {
                    // What else is missing, preflight tells.
                    if (Requirements.missing(transaction, target.get()).isEmpty()) {
                        IncrementalTemplates.obstacle(transaction, target.get()).ifPresent(obstacles::add);
                    }
                } catch (SQLException e) {
                    refused(step, e).refused().ifPresent(obstacles::add);
                } catch (JdbiException e) {
                    refused(step, e).refused().ifPresent(obstacles::add);
                }
            }
        }
        return obstacles;
    }

    /** One obstacle that summarizes several of the same kind, with the remedy of each. */
    private static Optional<Obstacle> summary(List<Obstacle> obstacles) {
        if (obstacles.size() < 2) {
            return obstacles.stream().findFirst();
        }
        return Optional.of(new Obstacle(
                obstacles.getFirst().what() + "; and " + (obstacles.size() - 1) + " more like it",
                obstacles.stream().map(Obstacle::remedy).reduce(Remedy.NONE, Remedy::then),
                obstacles.getFirst().said()));
    }

    /**
     * Carries out some steps of a plan. A step that fails does not keep the others from running.
     *
     * @param chosen which steps to carry out
     * @param leaseCheck throws if this daemon no longer holds the lease; the transaction of the step is then rolled back
     * @param done called for each step that has changed the database
     * @return the obstacles of the steps that could not be done
     */
    public List<Obstacle> apply(
            Handle handle, RolePlan plan, Predicate<Step> chosen, Consumer<Handle> leaseCheck, Consumer<Step> done)
            throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>();
        for (Step step : plan.steps()) {
            if (chosen.test(step)) {
                StepOutcome outcome = apply(handle, step, leaseCheck);
                outcome.refused().ifPresent(obstacles::add);
                if (outcome.done()) {
                    done.accept(step);
                }
            }
        }
        return obstacles;
    }

    /** Cancels the running statement, if there is one. */
    public void cancel() throws SQLException {
        writer.cancel();
    }

    /**
     * Carries out one step for a person, whoever holds the lease.
     *
     * @return the obstacle, if the step could not be done
     */
    public Optional<Obstacle> apply(Handle handle, Step step) throws SQLException {
        return apply(handle, step, transaction -> {}).refused();
    }

    private StepOutcome apply(Handle handle, Step step, Consumer<Handle> leaseCheck) throws SQLException {
        try {
            return writer.run(handle, step, leaseCheck);
        } catch (SQLException e) {
            return refused(step, e);
        } catch (JdbiException e) {
            return refused(step, e);
        }
    }

    private static StepOutcome refused(Step step, JdbiException e) throws SQLException {
        if (e.getCause() instanceof SQLException cause) {
            return refused(step, cause);
        }
        throw e;
    }

    private static StepOutcome refused(Step step, SQLException e) throws SQLException {
        throwIfGone(e);
        return StepOutcome.refused(new Obstacle(
                "the role view " + step.view() + " is not as declared: " + ErrorSummary.withoutValues(e),
                Remedy.text("fix the template, or what the message names; refreshd tries again"),
                said(e)));
    }

    private static Confidential said(SQLException e) {
        return new Confidential(String.valueOf(e.getMessage()));
    }

    /** Rethrows a failure that is not about one view: a lost connection, a server that shuts down, a cancelled statement. */
    private static void throwIfGone(SQLException e) throws SQLException {
        String state = String.valueOf(e.getSQLState());
        if (((state.startsWith("08") || state.startsWith("57P")) && !ErrorOrigin.mayBeRaised(e))
                || (state.equals("57014") && String.valueOf(e.getMessage()).contains("user request"))) {
            throw e;
        }
    }

    private static Map<ViewId, ExistingRelation> found(Handle handle, Collection<ViewId> names) {
        Map<ViewId, ExistingRelation> found = new HashMap<>();
        Map<ViewId, IncrementalViewRows.Row> incremental = IncrementalViewRows.load(handle);
        handle.createQuery(FOUND)
                .bind("mark", ViewBuilder.MARK + "%")
                .bind("schemas", names.stream().map(ViewId::schema).toArray(String[]::new))
                .bind("names", names.stream().map(ViewId::name).toArray(String[]::new))
                .map((row, context) -> {
                    ViewId view = new ViewId(row.getString("schema"), row.getString("name"));
                    Optional<Kind> kind = kind(row.getString("kind"), incremental.containsKey(view));
                    return Map.entry(view, new ExistingRelation(row.getLong("oid"), kind, row.getBoolean("marked")));
                })
                .forEach(entry -> found.put(entry.getKey(), entry.getValue()));
        return found;
    }

    /** @param relkind of the catalog @param incremental whether the ledger says so */
    private static Optional<Kind> kind(String relkind, boolean incremental) {
        return switch (relkind) {
            case "m" -> Optional.of(Kind.MATERIALIZED_VIEW);
            case "v" -> Optional.of(incremental ? Kind.INCREMENTAL : Kind.VIEW);
            default -> Optional.empty();
        };
    }
}
