package io.refreshd.catalog;

import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The defining query of a view or materialized view, as far as it matters; or what the policies of a table read when
 * row-level security applies to who reads it.
 *
 * @param relation oid of the view or table
 * @param hash of the whole query; another query has another hash
 * @param reads the relations it reads, in order of their oid
 * @param functions oids of the functions it calls
 * @param tree the query as the server stores it; empty for policies
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

    /** What only the text of the query tells, and no dependency. */
    public enum Trait {
        /**
         * Uses a whole row as one value. The server records no dependency for that if it records one for any column of
         * the same table, so that the recorded columns are not all that is read.
         */
        WHOLE_ROW,
        /** CURRENT_TIMESTAMP and its kin, which are no functions. */
        CLOCK,
        /** TABLESAMPLE. */
        SAMPLE
    }

    /** One relation that is read. @param columns numbers of the columns; 0 is the relation as a whole, and negative ones are system columns */
    public record Read(long relation, List<Integer> columns) {
        public Read {
            columns = List.copyOf(columns);
        }
    }
}
