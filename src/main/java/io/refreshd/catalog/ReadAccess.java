package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.SqlNames;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Whether the role of refreshd may read a view and what the definition of the view names. A refresh needs neither, since it runs
 * as the view's owner; but rows are looked up as the role itself.
 */
final class ReadAccess {
    private final CatalogIndex catalogIndex;
    private final SortedMap<Long, Relation> named = new TreeMap<>();
    private final Set<Long> followed = new HashSet<>();

    private ReadAccess(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
    }

    /** What keeps the role from reading, if anything does. */
    static Optional<Obstacle> obstacle(Relation view, CatalogIndex catalogIndex) {
        ReadAccess readable = new ReadAccess(catalogIndex);
        readable.named.put(view.oid(), view);
        readable.follow(view);
        return readable.obstacle();
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
                // Any other plain view reads as its owner.
                if (relation.kind() == RelationKind.VIEW
                        && relation.traits().access().asInvoker()) {
                    follow(relation);
                }
            }
        }
    }

    private Optional<Obstacle> obstacle() {
        List<Relation> closed = named.values().stream()
                .filter(relation -> !relation.traits().access().usage()
                        || !relation.traits().access().select())
                .toList();
        if (closed.isEmpty()) {
            return Optional.empty();
        }
        String names = closed.stream().map(Relation::sql).collect(Collectors.joining(", "));
        return Optional.of(new Obstacle(
                "role " + catalogIndex.role() + " looks rows up as itself and may not read " + names,
                String.join("; ", grants(closed))));
    }

    private List<String> grants(List<Relation> closed) {
        String to = " TO " + SqlNames.identifier(catalogIndex.role());
        List<String> grants = new ArrayList<>();
        closed.stream()
                .filter(relation -> !relation.traits().access().usage())
                .map(relation -> "GRANT USAGE ON SCHEMA " + SqlNames.identifier(relation.schema()) + to)
                .distinct()
                .forEach(grants::add);
        closed.stream()
                .filter(relation -> !relation.traits().access().select())
                .map(relation -> "GRANT SELECT ON " + relation.sql() + to)
                .forEach(grants::add);
        return grants;
    }
}
