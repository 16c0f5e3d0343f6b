package io.refreshd.capture;

import io.refreshd.model.Signal;
import java.time.Instant;
import java.util.List;

/** What the stream yields, rows already counted. */
sealed interface Captured {

    /**
     * A whole committed transaction, at its commit, or several that did the same.
     *
     * @param xids as the stream gives them, without their epoch
     * @param first when the first of them committed
     * @param last when the last of them committed
     */
    record Transaction(List<Long> xids, Instant first, Instant last, List<TableTally> tables, List<Signal> signals)
            implements Captured {
        public Transaction {
            xids = List.copyOf(xids);
            tables = List.copyOf(tables);
            signals = List.copyOf(signals);
        }

        Transaction(long xid, Instant committedAt, List<TableTally> tables, List<Signal> signals) {
            this(List.of(xid), committedAt, committedAt, tables, signals);
        }

        boolean isEmpty() {
            return tables.isEmpty() && signals.isEmpty();
        }
    }

    /** A logical message that belongs to no transaction: it is where it was written. */
    record Message(Signal signal) implements Captured {}
}
