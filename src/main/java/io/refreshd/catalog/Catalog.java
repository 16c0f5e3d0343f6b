package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import java.util.List;
import java.util.Map;

/**
 * The rows of the system catalog that describe a database's materialized views and everything they read, at one moment.
 *
 * <p>Invariant: the lists are in a fixed order, and equal catalogs give the same {@link ViewGraph}.
 *
 * @param role the role that read the catalog; privileges in it are those of this role
 * @param functions the functions that the rules call, without built-in functions that are immutable
 * @param untrusted for each materialized view, by oid, whose query would run code that is not trusted: that code
 * @param content what views depend on besides rows and the form of relations
 * @param incremental the incremental views, by oid; relations, rules and indexes present each as a materialized view
 */
public record Catalog(
        String role,
        List<Relation> relations,
        List<Rule> rules,
        List<Inheritance> inheritances,
        List<Index> indexes,
        List<Function> functions,
        Map<Long, Obstacle> untrusted,
        ContentDependencies content,
        Map<Long, IncrementalView> incremental) {

    /**
     * The first oid that the server gives to an object of a user ({@code FirstNormalObjectId}). Lower oids belong to objects of
     * initdb; most of those are pinned, so that {@code pg_depend} has no row for them.
     */
    public static final long FIRST_USER_OID = 16384;

    public Catalog {
        relations = List.copyOf(relations);
        rules = List.copyOf(rules);
        inheritances = List.copyOf(inheritances);
        indexes = List.copyOf(indexes);
        functions = List.copyOf(functions);
        untrusted = Map.copyOf(untrusted);
        incremental = Map.copyOf(incremental);
    }

    /** A catalog without incremental views. */
    public Catalog(
            String role,
            List<Relation> relations,
            List<Rule> rules,
            List<Inheritance> inheritances,
            List<Index> indexes,
            List<Function> functions,
            Map<Long, Obstacle> untrusted,
            ContentDependencies content) {
        this(role, relations, rules, inheritances, indexes, functions, untrusted, content, Map.of());
    }

    /** A catalog of trusted code alone, whose relations refer to nothing but each other. */
    public Catalog(
            String role,
            List<Relation> relations,
            List<Rule> rules,
            List<Inheritance> inheritances,
            List<Index> indexes,
            List<Function> functions) {
        this(role, relations, rules, inheritances, indexes, functions, Map.of(), ContentDependencies.NONE);
    }

    public static boolean builtIn(long oid) {
        return oid < FIRST_USER_OID;
    }

    /**
     * A row of {@code pg_inherits}: a partition of a partitioned table, or an inheritance child of a table. A query that reads the
     * parent reads the child too.
     *
     * @param version the row's xmin: another one if the child was detached and attached again
     */
    public record Inheritance(long parent, long child, String version) {}
}
