package io.refreshd.catalog;

import java.util.List;

/**
 * What the system catalog says about the materialized views of a database and all they stand on: raw rows, keyed by oid,
 * in a fixed order. Two that are equal give the same {@link ViewGraph}.
 *
 * @param role that has read it
 * @param functions the functions that rules use, but for built-in ones that are immutable
 */
public record Catalog(
        String role,
        List<Relation> relations,
        List<Rule> rules,
        List<Inheritance> inheritances,
        List<Index> indexes,
        List<Function> functions) {

    /** Objects below it were made by initdb. The server records no dependency on most of them: they are pinned. */
    public static final long FIRST_USER_OID = 16384;

    public Catalog {
        relations = List.copyOf(relations);
        rules = List.copyOf(rules);
        inheritances = List.copyOf(inheritances);
        indexes = List.copyOf(indexes);
        functions = List.copyOf(functions);
    }

    public static boolean builtIn(long oid) {
        return oid < FIRST_USER_OID;
    }

    /**
     * A parent that is read with its child: a partition or an inheritance child.
     *
     * @param version differs for a child that left and came back
     */
    public record Inheritance(long parent, long child, String version) {}
}
