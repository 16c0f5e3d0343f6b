package io.refreshd.catalog;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The sources of one materialized view: everything that its query reads, followed through plain views, partitions, inheritance
 * children and policies. Other materialized views are sources that are not followed further: they hold rows of their own.
 *
 * <p>Invariant: all lists are ordered by oid, so that equal catalogs give equal lineages.
 */
final class ViewSources {
    private static final Set<Integer> ALL_COLUMNS = Set.of(QueryColumns.WHOLE_ROW);

    private final Relation view;
    private final CatalogIndex catalogIndex;
    private final SortedMap<Long, Rule> rules = new TreeMap<>();
    /** For each query that was followed: the numbers of its columns that are asked for. */
    private final Map<Long, Set<Integer>> asked = new HashMap<>();

    private final SortedMap<Long, Relation> relations = new TreeMap<>();
    private final SortedMap<Long, ReadColumns> columns = new TreeMap<>();
    private final SortedMap<Long, Relation> materializedViews = new TreeMap<>();
    /** Relations whose queries are to be followed. */
    private final Deque<Unread> unread = new ArrayDeque<>();

    /** @param outputs the numbers of the reader's columns that are asked for; 0 stands for all */
    private record Unread(Relation reader, Set<Integer> outputs) {}

    private ViewSources(Relation view, CatalogIndex catalogIndex) {
        this.view = view;
        this.catalogIndex = catalogIndex;
    }

    static ViewSources of(Relation view, CatalogIndex catalogIndex) {
        ViewSources sources = new ViewSources(view, catalogIndex);
        sources.unread.add(new Unread(view, ALL_COLUMNS));
        // A map holds key columns that the view's query does not read.
        catalogIndex.incremental(view).stream()
                .flatMap(incremental -> incremental.maps().stream())
                .map(map -> catalogIndex.relation(map.definition()))
                .filter(Objects::nonNull)
                .forEach(definition -> sources.unread.add(new Unread(definition, ALL_COLUMNS)));
        // No recursion: plain views may stand on each other, and inheritance children have children, a thousand deep.
        while (!sources.unread.isEmpty()) {
            Unread next = sources.unread.pop();
            sources.followQuery(next.reader(), next.outputs());
        }
        return sources;
    }

    /** The view's own query, those of the plain views that were followed, and policies that apply. */
    List<Rule> rules() {
        return List.copyOf(rules.values());
    }

    /**
     * The relations that the queries read and that are neither plain nor materialized views: tables of all kinds with their
     * partitions and children, sequences, and system catalogs.
     */
    List<Relation> relations() {
        return List.copyOf(relations.values());
    }

    /** The columns of the relation that the queries read. */
    ReadColumns columnsOf(Relation relation) {
        return columns.getOrDefault(relation.oid(), ReadColumns.ALL);
    }

    /** The other materialized views that the queries read. */
    List<Relation> materializedViews() {
        return List.copyOf(materializedViews.values());
    }

    /** @param outputs the numbers of the reader's columns that are asked for; 0 stands for all */
    private void followQuery(Relation reader, Set<Integer> outputs) {
        Rule rule = catalogIndex.rule(reader.oid());
        // Plain views may read each other in a cycle: CREATE OR REPLACE VIEW does not check for one.
        if (rule == null || !asks(reader, rule, outputs)) {
            return;
        }
        Optional<Map<Long, Set<Integer>>> inTree =
                catalogIndex.query(reader).flatMap(query -> QueryColumns.of(query, asked(reader)));
        for (Rule.Read read : rule.reads()) {
            Relation relation = catalogIndex.relation(read.relation());
            if (relation != null) {
                Collection<Integer> columns = inTree.<Collection<Integer>>map(
                                found -> found.getOrDefault(relation.oid(), Set.of()))
                        .orElseGet(() -> recorded(rule, read));
                follow(relation, reader, columns);
            }
        }
    }

    /** Whether the query is followed for the first time, or for columns that were not asked for before. */
    private boolean asks(Relation reader, Rule rule, Set<Integer> outputs) {
        boolean first = rules.putIfAbsent(reader.oid(), rule) == null;
        return asked.computeIfAbsent(reader.oid(), oid -> new TreeSet<>()).addAll(outputs) || first;
    }

    private Set<Integer> asked(Relation reader) {
        return asked.getOrDefault(reader.oid(), ALL_COLUMNS);
    }

    /** The columns that the server has recorded, if the query tree could not be examined. */
    private static Collection<Integer> recorded(Rule rule, Rule.Read read) {
        return rule.traits().contains(Rule.Trait.WHOLE_ROW) ? ALL_COLUMNS : read.columns();
    }

    private void follow(Relation relation, Relation reader, Collection<Integer> read) {
        switch (relation.kind()) {
            case MATERIALIZED_VIEW -> materializedViews.put(relation.oid(), relation);
            case VIEW -> {
                if (Catalog.builtIn(relation.oid())) {
                    add(relation, ReadColumns.ALL);
                } else {
                    unread.add(new Unread(relation, outputsOf(read)));
                }
            }
            case TABLE, PARTITIONED_TABLE, FOREIGN_TABLE, SEQUENCE -> {
                // A plain view reads as its owner, or with security_invoker as the owner of the view that reads it.
                if (relation.policiesApplyTo(reader) || relation.policiesApplyTo(view)) {
                    // Policies may read columns that the query does not.
                    add(relation, ReadColumns.ALL);
                    unread.add(new Unread(relation, ALL_COLUMNS));
                } else {
                    add(relation, columns(relation, read));
                }
            }
            case OTHER -> {
                // A composite type holds no rows.
            }
        }
    }

    private void add(Relation relation, ReadColumns read) {
        Deque<Map.Entry<Relation, ReadColumns>> open = new ArrayDeque<>(List.of(Map.entry(relation, read)));
        while (!open.isEmpty()) {
            Map.Entry<Relation, ReadColumns> next = open.pop();
            addOne(next.getKey(), next.getValue(), open);
        }
    }

    private void addOne(Relation relation, ReadColumns read, Deque<Map.Entry<Relation, ReadColumns>> open) {
        // Only inheritance leads to a temporary table here, and a session does not read those of other sessions.
        if (relation.temporary()) {
            return;
        }
        ReadColumns before = columns.get(relation.oid());
        ReadColumns after = before == null ? read : before.union(read);
        if (after.equals(before)) {
            return;
        }
        relations.put(relation.oid(), relation);
        columns.put(relation.oid(), after);
        for (Relation child : catalogIndex.childrenOf(relation)) {
            // A child has the columns of its parent by name, and may have them at other numbers.
            open.add(Map.entry(child, columnsByName(child, after)));
        }
    }

    /** A view has no system columns: if one is read nevertheless, all columns count. */
    private static Set<Integer> outputsOf(Collection<Integer> read) {
        return read.stream().anyMatch(number -> number <= 0) ? ALL_COLUMNS : new TreeSet<>(read);
    }

    private static ReadColumns columns(Relation relation, Collection<Integer> read) {
        List<String> names = new ArrayList<>();
        for (int number : read) {
            // 0 stands for the whole relation; a system column such as xmin differs after any update.
            if (number <= 0) {
                return ReadColumns.ALL;
            }
            for (Relation.Column column : relation.columns()) {
                if (column.number() == number) {
                    names.add(column.name());
                }
            }
        }
        return names.size() < read.size() ? ReadColumns.ALL : columnsByName(relation, ReadColumns.of(names));
    }

    /**
     * The columns of the relation that have the given names; all columns if one of the names is missing, or belongs to a generated
     * column. The log does not hold generated columns, so that only the other columns show that one may have changed.
     */
    private static ReadColumns columnsByName(Relation relation, ReadColumns read) {
        if (read.all()) {
            return ReadColumns.ALL;
        }
        int found = 0;
        for (Relation.Column column : relation.columns()) {
            if (read.names().contains(column.name())) {
                if (column.generated()) {
                    return ReadColumns.ALL;
                }
                found++;
            }
        }
        return found < read.names().size() ? ReadColumns.ALL : read;
    }
}
