package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Finds the untracked sources of a view: whatever can change the view's result without refreshd learning of it from the log. Each is
 * returned with its remedy.
 */
final class UntrackedSources {
    /** What some queries read besides tables, which the log does not tell of. */
    private static final Map<Rule.Trait, String> OF_THE_SERVER = Map.of(
            Rule.Trait.SAMPLE,
            "draws a sample (TABLESAMPLE)",
            Rule.Trait.SESSION,
            "reads SESSION_USER, CURRENT_SCHEMA or CURRENT_CATALOG",
            Rule.Trait.OBJECT_NAMES,
            "may turn a regclass or the like into the object's name, or a name into the object",
            Rule.Trait.SYSTEM_COLUMNS,
            "reads a system column (ctid, xmin, xmax, cmin or cmax)");

    /** How the reason ends if a query, and not what it reads, makes the result change. */
    static final String OF_ITSELF = ": its result changes without a change of any table";

    private final CatalogIndex catalogIndex;
    private final Publishability publishability;
    private final Predicate<ViewId> included;

    UntrackedSources(CatalogIndex catalogIndex, Predicate<ViewId> included) {
        this.catalogIndex = catalogIndex;
        this.publishability = new Publishability(catalogIndex);
        this.included = included;
    }

    List<Obstacle> of(Relation view, ViewSources sources) {
        return of(view, sources, true);
    }

    /** Those that remain if the rounds of an incremental view follow the clock. */
    List<Obstacle> besidesClock(Relation view, ViewSources sources) {
        return of(view, sources, false);
    }

    private List<Obstacle> of(Relation view, ViewSources sources, boolean withClock) {
        Set<Obstacle> found = new LinkedHashSet<>();
        for (Relation relation : sources.relations()) {
            untracked(relation, view).ifPresent(found::add);
        }
        for (Relation other : sources.materializedViews()) {
            if (!included.test(other.viewId())) {
                found.add(new Obstacle(
                        "reads the materialized view " + other.sql() + ", which refreshd does not look after",
                        Remedy.text("include " + other.viewId() + " in views.include, or " + maxStaleness(view))));
            }
        }
        for (Rule rule : sources.rules()) {
            found.addAll(nonDeterministicParts(rule, view, withClock));
        }
        return new ArrayList<>(found);
    }

    private Optional<Obstacle> untracked(Relation relation, Relation view) {
        if (Catalog.builtIn(relation.oid())) {
            return Optional.of(new Obstacle(
                    "reads the system catalog " + relation.sql() + ", which is not in the log",
                    Remedy.text(maxStaleness(view))));
        }
        return switch (relation.kind()) {
            case TABLE ->
                relation.isDecodable()
                        ? publishability.obstacle(relation)
                        : Optional.of(new Obstacle(
                                "reads the unlogged table " + relation.sql() + ", which is not in the log",
                                Remedy.sql("ALTER TABLE " + relation.sql() + " SET LOGGED")
                                        .and("or " + maxStaleness(view))));
            case FOREIGN_TABLE ->
                Optional.of(new Obstacle(
                        "reads the foreign table " + relation.sql() + ", whose changes happen elsewhere",
                        Remedy.text(maxStaleness(view))));
            case SEQUENCE ->
                Optional.of(new Obstacle(
                        "reads the sequence " + relation.sql() + ", which is not published",
                        Remedy.text(maxStaleness(view))));
            // A partitioned table holds no rows; its partitions are among the relations too.
            case PARTITIONED_TABLE, VIEW, MATERIALIZED_VIEW, OTHER -> Optional.empty();
        };
    }

    private List<Obstacle> nonDeterministicParts(Rule rule, Relation view, boolean withClock) {
        List<Obstacle> found = new ArrayList<>();
        if (withClock && rule.traits().contains(Rule.Trait.CLOCK)) {
            found.add(nonDeterministic("reads the clock (CURRENT_TIMESTAMP or the like)", view));
        }
        if (rule.traits().contains(Rule.Trait.UNEXAMINED)) {
            Relation relation = catalogIndex.relation(rule.relation());
            found.add(new Obstacle(
                    "the query of " + (relation == null ? "a policy" : relation.sql())
                            + " is too large to be examined: it may read the clock",
                    Remedy.text("put its constants into a table, or " + maxStaleness(view))));
        }
        if (ClockCasts.of(rule, catalogIndex) == ClockCasts.Finding.CLOCK) {
            found.add(nonDeterministic(
                    "reads the clock (text such as 'now' or 'yesterday' becomes a date or time when the query runs)",
                    view));
        }
        Set<Rule.Trait> traits = new TreeSet<>(rule.traits());
        if (traits.contains(Rule.Trait.OBJECT_TYPES)
                && rule.functions().stream().anyMatch(this::mayWriteAnyValue)) {
            traits.add(Rule.Trait.OBJECT_NAMES);
        }
        traits.stream()
                .flatMap(trait -> Optional.ofNullable(OF_THE_SERVER.get(trait)).stream())
                .forEach(what -> found.add(nonDeterministic(what, view)));
        for (long oid : rule.functions()) {
            Function function = catalogIndex.function(oid);
            if (function != null && function.volatility() == 'i' && function.readsRelations()) {
                found.add(readsRelations(function, view));
            }
            boolean carried = !withClock && ClockFunctions.readsClock(oid);
            if (function != null && !carried && NonDeterminism.isNonDeterministic(function)) {
                found.add(
                        function.builtIn()
                                ? nonDeterministic("calls " + function.sql(), view)
                                : notImmutable(function, view));
            }
        }
        return found;
    }

    /** Functions that write values of any type as text are STABLE, such as concat and to_jsonb. */
    private boolean mayWriteAnyValue(long oid) {
        Function function = catalogIndex.function(oid);
        return function != null
                && function.volatility() == 's'
                && !function.name().equals("pg_typeof");
    }

    private static Obstacle nonDeterministic(String what, Relation view) {
        return new Obstacle(what + OF_ITSELF, Remedy.text(maxStaleness(view)));
    }

    private static Obstacle readsRelations(Function function, Relation view) {
        return new Obstacle(
                "calls " + function.sql() + ", which is declared IMMUTABLE and reads a table or view",
                Remedy.text("join what the function reads in the query of the view, or " + maxStaleness(view)));
    }

    private static Obstacle notImmutable(Function function, Relation view) {
        return new Obstacle(
                "calls " + function.sql() + ", which is not declared IMMUTABLE and may read anything",
                Remedy.text("declare the function IMMUTABLE if its result depends on its arguments alone, or "
                        + maxStaleness(view)));
    }

    private static String maxStaleness(Relation view) {
        return "set max-staleness for " + SqlNames.qualified(view.viewId())
                + ": it is then refreshed at least that often";
    }
}
