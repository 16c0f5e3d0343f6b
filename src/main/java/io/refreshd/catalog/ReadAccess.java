package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Checks whether refreshd's role may read a view and the relations that the view's definition names. A refresh needs no such
 * privilege, since it runs as the view's owner; a lookup does, since it runs as refreshd's role.
 */
final class ReadAccess {
    private final CatalogIndex catalogIndex;
    private final SortedMap<Long, Relation> named = new TreeMap<>();
    private final Set<Long> followed = new HashSet<>();

    private ReadAccess(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
    }

    /** The relations that the role may not read, with the grants that are missing; empty if there is none. */
    static Optional<Obstacle> obstacle(Relation view, CatalogIndex catalogIndex) {
        ReadAccess access = new ReadAccess(catalogIndex);
        access.named.put(view.oid(), view);
        access.follow(view);
        return obstacle(access.named.values(), catalogIndex);
    }

    private void follow(Relation view) {
        Rule rule = catalogIndex.rule(view.oid());
        if (rule == null || !followed.add(view.oid())) {
            return;
        }
        for (Rule.Read read : rule.reads()) {
            Relation relation = catalogIndex.relation(read.relation());
            if (relation != null) {
                named.put(relation.oid(), relation);
                // Any other plain view reads with the privileges of its owner.
                if (relation.kind() == RelationKind.VIEW
                        && relation.traits().access().securityInvoker()) {
                    follow(relation);
                }
            }
        }
    }

    /** Those of the relations that the role may not read, with the grants that are missing; empty if there is none. */
    static Optional<Obstacle> obstacle(Collection<Relation> relations, CatalogIndex catalogIndex) {
        List<Relation> unreadable = relations.stream()
                .filter(relation -> !relation.traits().access().usage()
                        || !relation.traits().access().select())
                .toList();
        if (unreadable.isEmpty()) {
            return Optional.empty();
        }
        String names = unreadable.stream().map(Relation::sql).collect(Collectors.joining(", "));
        return Optional.of(new Obstacle(
                "role " + catalogIndex.role() + " looks rows up as itself and may not read " + names,
                Remedy.sql(grants(unreadable, catalogIndex))));
    }

    private static List<String> grants(List<Relation> unreadable, CatalogIndex catalogIndex) {
        String to = " TO " + SqlNames.identifier(catalogIndex.role());
        List<String> grants = new ArrayList<>();
        unreadable.stream()
                .filter(relation -> !relation.traits().access().usage())
                .map(relation -> "GRANT USAGE ON SCHEMA " + SqlNames.identifier(relation.schema()) + to)
                .distinct()
                .forEach(grants::add);
        unreadable.stream()
                .filter(relation -> !relation.traits().access().select())
                .map(relation -> "GRANT SELECT ON " + relation.sql() + to)
                .forEach(grants::add);
        return grants;
    }
}
