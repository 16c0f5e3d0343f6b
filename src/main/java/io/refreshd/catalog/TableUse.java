package io.refreshd.catalog;

import java.util.Set;
import java.util.TreeSet;

/** How one query, flattened through plain views, reads one table. */
final class TableUse {
    private int joined;
    private int inSubQueries;
    private boolean nullable;
    private boolean hidden;
    private final Set<Long> preserved = new TreeSet<>();

    /** How often the query reads the table, in sub-queries of expressions too. */
    int times() {
        return joined + inSubQueries;
    }

    /** Whether the query joins the table; else it reads the table in sub-queries of expressions alone. */
    boolean isJoined() {
        return joined > 0;
    }

    /** Whether the table is on the nullable side of an outer join. */
    boolean nullable() {
        return nullable;
    }

    /** Whether a condition above an outer join may hide that a row of the table found its match; see {@link JoinTree#isHidden}. */
    boolean hidden() {
        return hidden;
    }

    /** Oids of the tables on the other side of the outer joins that make the table nullable. */
    Set<Long> preserved() {
        return preserved;
    }

    void addRead(boolean nullableHere, boolean hiddenHere) {
        joined++;
        nullable |= nullableHere;
        hidden |= hiddenHere;
    }

    void addReadsInSubQuery(int more) {
        inSubQueries += more;
    }

    /** Adds the reads of a plain view that the query reads. */
    void addReadsOf(TableUse inView, boolean viewNullable, boolean hiddenHere) {
        joined += inView.joined;
        inSubQueries += inView.inSubQueries;
        nullable |= inView.nullable || viewNullable;
        hidden |= inView.hidden || hiddenHere;
        preserved.addAll(inView.preserved);
    }

    void addPreserved(Set<Long> tables) {
        preserved.addAll(tables);
    }
}
