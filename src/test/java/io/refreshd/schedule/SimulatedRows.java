package io.refreshd.schedule;

import io.refreshd.schedule.SimulatedView.Content;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The rows of the simulated tables. A row is as it was at first, or changed: each transaction that changes it takes the change
 * before it back. A changed row is in the views, unless it passes the condition of none.
 *
 * <p>A row of a table is one number: table · 100 + row.
 */
final class SimulatedRows {
    /** One of so many rows passes the condition of no view: its changes are looked up, and make no difference. */
    private static final int ONE_IN_NO_VIEW = 3;

    private final List<SimulatedTransaction> begun;
    private final List<SimulatedTransaction> log;

    /** @param begun all transactions, by their index @param log those that have committed, in that order */
    SimulatedRows(List<SimulatedTransaction> begun, List<SimulatedTransaction> log) {
        this.begun = begun;
        this.log = log;
    }

    /** A row near this one that passes the condition of no view. */
    static int inNoView(int row) {
        return row - row % ONE_IN_NO_VIEW;
    }

    /**
     * The rows that differ between two contents: changed an odd number of times by what only one of them holds. A row of a view stems from
     * the rows of the same number in all that the view reads.
     */
    Set<Integer> differing(Content a, Content b) {
        if (!a.sources().isEmpty()) {
            Set<Integer> rows = new HashSet<>();
            a.sources()
                    .forEach((source, there) ->
                            rows.addAll(differing(there, b.sources().get(source))));
            return rows;
        }
        BitSet between = (BitSet) a.transactions().clone();
        between.xor(b.transactions());
        return changed(between, a.tables());
    }

    /** The rows of these tables that the content shows otherwise than they were at first. */
    Set<Integer> shown(Content content, Set<Integer> tables) {
        return changed(content.transactions(), tables);
    }

    /** Whether the view contains any of the rows that these transactions changed. */
    boolean contains(Content content, Set<Integer> tables, List<SimulatedTransaction> read) {
        return changed(content.transactions(), tables).stream().anyMatch(rowsOf(Set.copyOf(read), tables)::contains);
    }

    /** Whether after each of these transactions the rows that it changed are as at first, which no view contains. */
    boolean changedBackByEach(Set<Integer> tables, List<SimulatedTransaction> read) {
        int end = log.indexOf(read.getLast());
        BitSet all = new BitSet();
        for (SimulatedTransaction tx : log.subList(0, end + 1)) {
            all.set(tx.index);
        }
        // Each by itself: a change in between may have been in a view.
        for (SimulatedTransaction tx : read) {
            BitSet untilThen = (BitSet) all.clone();
            log.subList(log.indexOf(tx) + 1, end + 1).forEach(later -> untilThen.clear(later.index));
            if (changed(untilThen, tables).stream().anyMatch(rowsOf(Set.of(tx), tables)::contains)) {
                return false;
            }
        }
        return true;
    }

    /** Whether these transactions are visible, and so those that changed the same rows before: they held the locks. */
    boolean allVisible(Set<Integer> tables, List<SimulatedTransaction> read) {
        int end = log.indexOf(read.getLast());
        Set<Integer> rows = rowsOf(Set.copyOf(read), tables);
        return read.stream().allMatch(tx -> tx.visible)
                && log.subList(0, end + 1).stream()
                        .filter(tx -> rowsOf(Set.of(tx), tables).stream().anyMatch(rows::contains))
                        .allMatch(tx -> tx.visible);
    }

    /** The rows that these transactions changed and that some view may contain. */
    private static Set<Integer> rowsOf(Set<SimulatedTransaction> transactions, Set<Integer> tables) {
        Set<Integer> rows = new HashSet<>();
        for (SimulatedTransaction tx : transactions) {
            for (int table : tables) {
                if (tx.changes(table)) {
                    tx.rows.stream()
                            .filter(row -> row % ONE_IN_NO_VIEW != 0)
                            .forEach(row -> rows.add(table * 100 + row));
                }
            }
        }
        return rows;
    }

    /** The rows that are not as they were at first, after just these transactions. */
    private Set<Integer> changed(BitSet transactions, Set<Integer> tables) {
        Set<Integer> changed = new HashSet<>();
        transactions.stream()
                .forEach(index -> rowsOf(Set.of(begun.get(index)), tables).forEach(row -> {
                    if (!changed.remove(row)) {
                        changed.add(row);
                    }
                }));
        return changed;
    }
}
