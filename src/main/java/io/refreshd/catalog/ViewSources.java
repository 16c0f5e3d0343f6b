package io.refreshd.catalog;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Everything one materialized view is made from, found by walking from its query through plain views, partitions and
 * inheritance children. Other materialized views end the walk: they hold rows of their own. By oid, so in a stable order.
 */
final class Sources {
    private final Relation view;
    private final CatalogIndex catalogIndex;
    private final SortedMap<Long, Rule> rules = new TreeMap<>();
    private final SortedMap<Long, Relation> relations = new TreeMap<>();
    private final SortedMap<Long, ReadColumns> columns = new TreeMap<>();
    private final SortedMap<Long, Relation> materializedViews = new TreeMap<>();

    private Sources(Relation view, CatalogIndex catalogIndex) {
        this.view = view;
        this.catalogIndex = catalogIndex;
    }

    static Sources of(Relation view, CatalogIndex catalogIndex) {
        Sources sources = new Sources(view, catalogIndex);
        sources.followQuery(view);
        return sources;
    }

    /** Its own query and those of the plain views on the way. */
    List<Rule> rules() {
        return List.copyOf(rules.values());
    }

    /** What the queries read that is no view: tables of all kinds, with partitioned ones and their partitions. */
    List<Relation> relations() {
        return List.copyOf(relations.values());
    }

    ReadColumns columnsOf(Relation relation) {
        return columns.getOrDefault(relation.oid(), ReadColumns.ALL);
    }

    List<Relation> materializedViews() {
        return List.copyOf(materializedViews.values());
    }

    private void followQuery(Relation reader) {
        Rule rule = catalogIndex.rule(reader.oid());
        // Plain views may read each other in a circle: CREATE OR REPLACE VIEW does not look for it.
        if (rule == null || rules.putIfAbsent(reader.oid(), rule) != null) {
            return;
        }
        for (Rule.Read read : rule.reads()) {
            Relation relation = catalogIndex.relation(read.relation());
            if (relation != null) {
                follow(relation, reader, columns(relation, rule, read));
            }
        }
    }

    private void follow(Relation relation, Relation reader, ReadColumns read) {
        switch (relation.kind()) {
            case MATERIALIZED_VIEW -> materializedViews.put(relation.oid(), relation);
            case VIEW -> {
                if (Catalog.builtIn(relation.oid())) {
                    add(relation, ReadColumns.ALL);
                } else {
                    followQuery(relation);
                }
            }
            case TABLE, PARTITIONED_TABLE, FOREIGN_TABLE, SEQUENCE -> {
                // A plain view asks as its owner, or with security_invoker as the owner of what stands on it.
                if (relation.policiesApplyTo(reader) || relation.policiesApplyTo(view)) {
                    // The policies read columns of the row that the query does not.
                    add(relation, ReadColumns.ALL);
                    followQuery(relation);
                } else {
                    add(relation, read);
                }
            }
            case OTHER -> {
                // A composite type holds no rows.
            }
        }
    }

    private void add(Relation relation, ReadColumns read) {
        // A session reads no other session's temporary tables, and only inheritance could bring them here.
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
            add(child, named(child, after));
        }
    }

    private static ReadColumns columns(Relation relation, Rule rule, Rule.Read read) {
        if (rule.traits().contains(Rule.Trait.WHOLE_ROW)) {
            return ReadColumns.ALL;
        }
        List<String> names = new ArrayList<>();
        for (int number : read.columns()) {
            // 0 is the whole relation; a system column such as xmin differs after any update.
            if (number <= 0) {
                return ReadColumns.ALL;
            }
            for (Relation.Column column : relation.columns()) {
                if (column.number() == number) {
                    names.add(column.name());
                }
            }
        }
        return names.size() < read.columns().size() ? ReadColumns.ALL : named(relation, ReadColumns.of(names));
    }

    /**
     * A child has the columns of its parent by name, at numbers of its own. A generated column is never in the log, so
     * that only the others tell that it may have changed.
     */
    private static ReadColumns named(Relation relation, ReadColumns read) {
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
