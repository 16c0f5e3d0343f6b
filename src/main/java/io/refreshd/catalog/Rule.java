package io.refreshd.catalog;

import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The query behind a relation: of a view or materialized view its definition, of a table with row-level security the conditions
 * of its policies.
 *
 * @param relation oid of the view or table
 * @param hash hash of the query's text; any other query has another hash
 * @param reads the relations that the query reads, by oid
 * @param functions oids of the functions that the query calls
 * @param tree the query tree as the server stores it ({@code pg_node_tree}); empty for policies, and for what is too large
 */
public record Rule(
        long relation, String hash, Set<Trait> traits, List<Read> reads, SortedSet<Long> functions, String tree) {
    public Rule {
        Objects.requireNonNull(hash);
        traits = Set.copyOf(traits);
        reads = List.copyOf(reads);
        functions = Collections.unmodifiableSortedSet(new TreeSet<>(functions));
    }

    public Rule(long relation, String hash, Set<Trait> traits, List<Read> reads, SortedSet<Long> functions) {
        this(relation, hash, traits, reads, functions, "");
    }

    /** A property of the query that {@code pg_depend} does not show, so that it is read from the text of the query tree. */
    public enum Trait {
        /**
         * The query uses a whole row as one value. The server records no dependency for that if it records one for any column
         * of the same table, so that the recorded columns are not all that is read.
         */
        WHOLE_ROW,
        /** The query holds CURRENT_TIMESTAMP or a similar keyword, which is no function call. */
        CLOCK,
        /** The query holds TABLESAMPLE. */
        SAMPLE,
        /** The query holds SESSION_USER or CURRENT_SCHEMA, which are no function calls. */
        SESSION,
        /** The query holds a value of a type such as regclass, whose text is an object's name. */
        OBJECT_TYPES,
        /** The query holds such a value, and turns some value into text or text into some value. */
        OBJECT_NAMES,
        /** The query reads a column such as ctid or xmin. The server writes those for reasons of its own. */
        SYSTEM_COLUMNS,
        /** The text is too large to be examined: nothing is known of the query but what {@code pg_depend} shows. */
        UNEXAMINED
    }

    /**
     * One relation that the query reads.
     *
     * @param columns numbers of the columns; 0 stands for the relation as a whole, negative numbers for system columns
     */
    public record Read(long relation, List<Integer> columns) {
        public Read {
            columns = List.copyOf(columns);
        }
    }
}
