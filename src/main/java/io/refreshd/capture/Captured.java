package io.refreshd.capture;

import io.refreshd.model.Signal;
import java.time.Instant;
import java.util.List;

/** What the stream yields, rows already counted. */
sealed interface Captured {

    /** A whole committed transaction, at its commit. @param xid as the stream gives it, without its epoch */
    record Transaction(long xid, Instant committedAt, List<TableTally> tables, List<Signal> signals)
            implements Captured {
        public Transaction {
            tables = List.copyOf(tables);
            signals = List.copyOf(signals);
        }

        boolean isEmpty() {
            return tables.isEmpty() && signals.isEmpty();
        }
    }

    /** A logical message that belongs to no transaction: it is where it was written. */
    record Message(Signal signal) implements Captured {}
}
