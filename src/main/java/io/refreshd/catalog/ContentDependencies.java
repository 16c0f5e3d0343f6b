package io.refreshd.catalog;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the content of views depends on besides rows: objects in {@code pg_depend}, and the rights by which rows are read.
 *
 * @param parts queries and columns with what they refer to, by relation and number of the column; number 0 is the query
 * @param objects all objects that are referred to, directly or not
 * @param facts about roles, and about roles and relations; a fact that is missing is the ordinary one
 */
record ContentDependencies(
        Map<Long, Map<Integer, Part>> parts, Map<ObjectRef, DatabaseObject> objects, Map<Subject, String> facts) {
    /** The dependencies of relations that refer to nothing but each other. */
    static final ContentDependencies NONE = new ContentDependencies(Map.of(), Map.of(), Map.of());

    ContentDependencies {
        parts = Map.copyOf(parts);
        objects = Map.copyOf(objects);
        facts = Map.copyOf(facts);
    }

    /**
     * A query or a column.
     *
     * @param version another one if the query or column itself changed
     */
    record Part(String version, List<ObjectRef> references) {
        static final Part NONE = new Part("", List.of());

        Part {
            references = List.copyOf(references);
        }
    }

    /**
     * A type, function, operator, collation, text search configuration or the like.
     *
     * @param version another one if the object itself changed
     * @param opaque the function's name as SQL if its body is a string, so that the server does not know what it calls; otherwise empty
     * @param inFlux the object, if a running transaction is altering it
     */
    record DatabaseObject(String version, String opaque, List<ObjectRef> references, Optional<ObjectInFlux> inFlux) {
        DatabaseObject {
            references = List.copyOf(references);
        }
    }

    /** The kinds of facts, see {@link ContentSql#FACTS}. */
    enum Kind {
        ROLE,
        ROWS,
        SELECT,
        TEXT_SEARCH
    }

    /** What a fact is about: a role, and a relation if the kind is about one; otherwise 0. */
    record Subject(Kind kind, long role, long relation) {}
}
