package io.refreshd.catalog;

import io.refreshd.catalog.ContentDependencies.DatabaseObject;
import io.refreshd.catalog.ContentDependencies.Kind;
import io.refreshd.catalog.ContentDependencies.Part;
import io.refreshd.catalog.ContentDependencies.Subject;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Follows the references of one {@link ContentDependencies}.
 *
 * <p>Thread: one only, since hashes are cached without locks.
 */
final class ContentIndex {
    private final ContentDependencies content;
    private final Map<ObjectRef, SortedSet<ObjectRef>> closures = new HashMap<>();
    private final Map<ObjectRef, String> versions = new HashMap<>();

    ContentIndex(ContentDependencies content) {
        this.content = content;
    }

    /** @param number of a column, or 0 for the relation's query */
    Part part(long relation, int number) {
        return content.parts().getOrDefault(relation, Map.of()).getOrDefault(number, Part.NONE);
    }

    /** A fact of {@link ContentSql#FACTS}; empty if it is the ordinary one. */
    String fact(Kind kind, long role, long relation) {
        return content.facts().getOrDefault(new Subject(kind, role, relation), "");
    }

    /** Hash of the object and of everything that it depends on. */
    String version(ObjectRef object) {
        return versions.computeIfAbsent(object, from -> {
            StringBuilder text = new StringBuilder();
            for (ObjectRef reached : closureOf(from)) {
                DatabaseObject found = content.objects().get(reached);
                text.append(reached)
                        .append('=')
                        .append(found == null ? "" : found.version())
                        .append('\n');
            }
            return Hash.sha256(text.toString());
        });
    }

    /** What {@code property} says of the objects and of what they depend on, where it says something. */
    SortedSet<String> properties(Collection<ObjectRef> objects, Function<DatabaseObject, String> property) {
        SortedSet<String> found = new TreeSet<>(values(objects, property));
        found.remove("");
        return found;
    }

    /** The values of {@code property}, of the objects and of what they depend on. */
    <T> Set<T> values(Collection<ObjectRef> objects, Function<DatabaseObject, T> property) {
        Set<T> found = new LinkedHashSet<>();
        for (ObjectRef object : objects) {
            for (ObjectRef reached : closureOf(object)) {
                DatabaseObject known = content.objects().get(reached);
                if (known != null) {
                    found.add(property.apply(known));
                }
            }
        }
        return found;
    }

    /**
     * Those of the objects, and of what they depend on, that are types. The relation with the columns of a composite type counts as well: DDL
     * on the type locks the relation.
     */
    Set<ObjectRef> types(Collection<ObjectRef> objects) {
        Set<ObjectRef> found = new TreeSet<>();
        for (ObjectRef object : objects) {
            closureOf(object).stream().filter(ObjectRef::isType).forEach(found::add);
        }
        List.copyOf(found).stream()
                .flatMap(type -> Optional.ofNullable(content.objects().get(type)).stream())
                .flatMap(type -> type.references().stream())
                .filter(ObjectRef::isRelation)
                .forEach(found::add);
        return found;
    }

    /** All objects that the view's queries and the columns that they read refer to. */
    SortedSet<ObjectRef> references(ViewSources sources) {
        SortedSet<ObjectRef> references = new TreeSet<>();
        for (Rule rule : sources.rules()) {
            references.addAll(part(rule.relation(), 0).references());
        }
        for (Relation relation : sources.relations()) {
            ReadColumns read = sources.columnsOf(relation);
            for (Relation.Column column : relation.columns()) {
                if (read.all() || read.names().contains(column.name())) {
                    references.addAll(part(relation.oid(), column.number()).references());
                }
            }
        }
        for (Relation other : sources.materializedViews()) {
            for (Relation.Column column : other.columns()) {
                references.addAll(part(other.oid(), column.number()).references());
            }
        }
        return references;
    }

    private SortedSet<ObjectRef> closureOf(ObjectRef start) {
        SortedSet<ObjectRef> known = closures.get(start);
        if (known != null) {
            return known;
        }
        SortedSet<ObjectRef> closure = new TreeSet<>();
        Deque<ObjectRef> open = new ArrayDeque<>(List.of(start));
        while (!open.isEmpty()) {
            ObjectRef next = open.pop();
            if (closure.add(next)) {
                DatabaseObject found = content.objects().get(next);
                open.addAll(found == null ? List.of() : found.references());
            }
        }
        closures.put(start, closure);
        return closure;
    }
}
