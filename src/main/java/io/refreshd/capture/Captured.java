package io.refreshd.capture;

import io.refreshd.model.Signal;
import java.time.Instant;
import java.util.List;

/** Output of {@link StreamDecoder}: a transaction with the number of its rows, or a logical message. */
sealed interface Captured {

    /**
     * A committed transaction, or several that did the same.
     *
     * @param xids ids as the stream gives them: 32 bits, without their epoch
     * @param first when the first of the transactions committed
     * @param last when the last of the transactions committed
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

    /** A logical decoding message that belongs to no transaction, so that no commit delays it. */
    record Message(Signal signal) implements Captured {}
}
