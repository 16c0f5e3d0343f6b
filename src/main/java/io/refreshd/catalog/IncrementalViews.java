package io.refreshd.catalog;

import io.refreshd.model.IncrementalStore;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Presents each incremental view as the materialized view that it stands for: the plain view that users read becomes a materialized view
 * with the columns and indexes of its store, and with the query of its definition.
 *
 * <p>Invariant: whoever reads the store reads the view, so that no reader goes unnoticed. Stores and definitions are no views of their
 * own.
 *
 * <p>Failure: a view with a missing or altered part has no query. It is suspended, and nothing is claimed of it.
 */
final class IncrementalViews {
    /** The schema of stores and definitions. */
    static final String SCHEMA = "refreshd_store";

    private static final Obstacle UNSENT = new Obstacle(
            "the server cannot send a name on which its definition depends, since the database is not in UTF-8",
            Remedy.text("rename what it is; refreshd check says how to find it"));

    private final Map<Long, Relation> relations = new HashMap<>();
    private final Map<Long, Rule> rules = new HashMap<>();
    private final SortedMap<Long, Presented> presented = new TreeMap<>();
    private final Map<Long, Long> viewsOfStores = new HashMap<>();

    /** A view and its parts. If something is wrong with them there is no store. */
    private record Presented(
            Relation view,
            @Nullable Relation store,
            @Nullable Relation definition,
            List<Integer> recomputeKey,
            Optional<Obstacle> damage,
            List<IncrementalMap> maps) {}

    private IncrementalViews(List<Relation> relations, List<Rule> rules) {
        relations.forEach(relation -> this.relations.put(relation.oid(), relation));
        rules.forEach(rule -> this.rules.put(rule.relation(), rule));
    }

    static IncrementalViews of(IncrementalRows ledger, List<Relation> relations, List<Rule> rules) {
        IncrementalViews views = new IncrementalViews(relations, rules);
        ledger.rows().forEach(row -> views.add(row, ledger));
        relations.forEach(views::addUnknown);
        return views;
    }

    private void add(IncrementalRows.Row row, IncrementalRows ledger) {
        Relation view = relations.get(row.view());
        Relation store = stored(row.store(), RelationKind.TABLE);
        Relation definition = stored(row.definition(), RelationKind.VIEW);
        // With neither part the row is of a former database: a restored dump has other oids, and this one may be
        // anybody's.
        if (view == null || view.kind() != RelationKind.VIEW || (store == null && definition == null)) {
            return;
        }
        Optional<Obstacle> damage = ledger.hidesDefinition(row)
                ? Optional.of(UNSENT)
                : IncrementalDamage.of(view, rules.get(view.oid()), store, definition, row, ledger.owner())
                        .or(() -> ofMaps(view, row, ledger.owner()));
        if (store != null) {
            viewsOfStores.put(store.oid(), view.oid());
        }
        presented.put(view.oid(), new Presented(view, store, definition, row.recomputeKey(), damage, row.maps()));
    }

    private Optional<Obstacle> ofMaps(Relation view, IncrementalRows.Row row, long owner) {
        return row.maps().stream()
                .flatMap(map -> IncrementalDamage.ofMap(
                        view,
                        stored(map.store(), RelationKind.TABLE),
                        stored(map.definition(), RelationKind.VIEW),
                        row,
                        map,
                        owner)
                        .stream())
                .findFirst();
    }

    private @Nullable Relation stored(long oid, RelationKind kind) {
        Relation relation = relations.get(oid);
        return relation != null && relation.schema().equals(SCHEMA) && relation.kind() == kind ? relation : null;
    }

    /** A plain view over a store that the ledger does not know: a dump was restored, which gives every object another oid. */
    private void addUnknown(Relation view) {
        Rule rule = rules.get(view.oid());
        if (view.kind() != RelationKind.VIEW
                || view.schema().equals(SCHEMA)
                || presented.containsKey(view.oid())
                || rule == null
                || rule.reads().size() != 1) {
            return;
        }
        Relation store = stored(rule.reads().getFirst().relation(), RelationKind.TABLE);
        if (store != null && !viewsOfStores.containsKey(store.oid())) {
            presented.put(
                    view.oid(),
                    new Presented(
                            view,
                            null,
                            null,
                            List.of(),
                            Optional.of(IncrementalDamage.unknown(view, store)),
                            List.of()));
        }
    }

    /** The definition of each view that has all its parts, by oid of the view. */
    Map<Long, Long> definitions() {
        Map<Long, Long> definitions = new TreeMap<>();
        presented.forEach((oid, view) -> {
            if (view.damage().isEmpty() && view.definition() != null) {
                definitions.put(oid, view.definition().oid());
            }
        });
        return definitions;
    }

    /** For each view that has all its parts: the relations on which the version of its definition depends. */
    Map<Long, List<Long>> versionRoots() {
        Map<Long, List<Long>> roots = new TreeMap<>();
        definitions().forEach((view, definition) -> roots.put(view, List.of(definition, storeOf(view))));
        return roots;
    }

    private long storeOf(long view) {
        Presented found = presented.get(view);
        return found == null || found.store() == null ? 0 : found.store().oid();
    }

    /** @param obstacles by oid of the view, why its rows may not be recomputed although it has all its parts */
    Map<Long, IncrementalView> views(Map<Long, Obstacle> obstacles, Map<Long, String> versions) {
        Map<Long, IncrementalView> views = new HashMap<>();
        presented.forEach((oid, view) -> views.put(
                oid,
                new IncrementalView(
                        store(view),
                        parts(view),
                        versions.getOrDefault(oid, ""),
                        view.damage(),
                        view.damage().or(() -> Optional.ofNullable(obstacles.get(oid))),
                        view.view().columns(),
                        view.maps().stream().filter(map -> !map.totals()).toList())));
        return views;
    }

    private Set<Long> parts(Presented view) {
        return Stream.concat(
                        Stream.of(
                                        Optional.of(view.view()),
                                        Optional.ofNullable(view.store()),
                                        Optional.ofNullable(view.definition()))
                                .flatMap(Optional::stream),
                        view.maps().stream()
                                .flatMap(map -> Stream.of(
                                        Optional.ofNullable(stored(map.store(), RelationKind.TABLE)),
                                        Optional.ofNullable(stored(map.definition(), RelationKind.VIEW))))
                                .flatMap(Optional::stream))
                .map(Relation::oid)
                .collect(Collectors.toSet());
    }

    private static Optional<IncrementalStore> store(Presented view) {
        return view.damage().isPresent() || view.store() == null || view.definition() == null
                ? Optional.empty()
                : Optional.of(new IncrementalStore(
                        view.store().viewId(), view.definition().viewId(), view.recomputeKey()));
    }

    List<Relation> relations(Collection<Relation> all) {
        return all.stream().map(this::presented).toList();
    }

    private Relation presented(Relation relation) {
        Presented view = presented.get(relation.oid());
        if (view == null) {
            return relation;
        }
        // The role that keeps the store need not be able to read the view.
        Relation.Traits traits = relation.traits();
        return new Relation(
                relation.oid(),
                relation.schema(),
                relation.name(),
                RelationKind.MATERIALIZED_VIEW,
                new Relation.Traits(
                        traits.persistence(),
                        true,
                        traits.replicaIdentity(),
                        traits.owner(),
                        RowSecurity.OFF,
                        new Relation.Access(true, true, false)),
                store(view).isEmpty() || view.store() == null
                        ? relation.columns()
                        : view.store().columns());
    }

    List<Rule> rules(Collection<Rule> all) {
        List<Rule> result = new ArrayList<>();
        for (Rule rule : all) {
            if (!presented.containsKey(rule.relation())) {
                result.add(new Rule(
                        rule.relation(), rule.hash(), rule.traits(), reads(rule), rule.functions(), rule.tree()));
            }
        }
        definitions()
                .forEach((view, definition) -> Optional.ofNullable(rules.get(definition))
                        .ifPresent(rule -> result.add(new Rule(
                                view,
                                rule.hash(),
                                rule.traits(),
                                reads(rule),
                                rule.functions(),
                                // PostgreSQL 15 adds the view itself to its range table.
                                rule.tree().replace(":relid " + definition + " ", ":relid " + view + " ")))));
        return result;
    }

    private List<Rule.Read> reads(Rule rule) {
        return rule.reads().stream()
                .map(read -> {
                    Long view = viewsOfStores.get(read.relation());
                    return view == null ? read : new Rule.Read(view, read.columns());
                })
                .toList();
    }

    /** The indexes of a store are those of the view as well. */
    List<Index> indexes(Collection<Index> all) {
        return all.stream()
                .flatMap(index -> {
                    Long view = viewsOfStores.get(index.relation());
                    return view == null
                            ? Stream.of(index)
                            : Stream.of(
                                    index, new Index(index.oid(), view, index.name(), index.columns(), index.traits()));
                })
                .toList();
    }

    /** What the definition and the columns of the store refer to. */
    ContentDependencies content(ContentDependencies all) {
        Map<Long, Map<Integer, ContentDependencies.Part>> parts = new HashMap<>(all.parts());
        definitions().forEach((view, definition) -> {
            Map<Integer, ContentDependencies.Part> own =
                    new HashMap<>(all.parts().getOrDefault(storeOf(view), Map.of()));
            own.put(0, all.parts().getOrDefault(definition, Map.of()).getOrDefault(0, ContentDependencies.Part.NONE));
            parts.put(view, own);
        });
        return new ContentDependencies(parts, all.objects(), all.facts());
    }

    /** The statement by which the view shows the rows of the store as they are. Nobody can write through a join. */
    static String shown(Relation view, Relation store) {
        int hidden = store.columns().size() - view.columns().size();
        List<String> columns = new ArrayList<>();
        for (int i = 0; i < view.columns().size(); i++) {
            columns.add(
                    "s." + SqlNames.identifier(store.columns().get(hidden + i).name()));
        }
        return "CREATE OR REPLACE VIEW " + view.sql() + " AS SELECT " + String.join(", ", columns) + " FROM "
                + store.sql() + " AS s CROSS JOIN (SELECT) AS read_only";
    }
}
