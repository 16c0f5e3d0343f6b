package io.refreshd.capture;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Decoded transactions that travel through Debezium as one record. A bundle without transactions only moves the position: it stands for
 * the end of a transaction that changed nothing of interest.
 *
 * @param xid the id of the last transaction, as the stream gives it; empty if the last entry belongs to no transaction
 * @param committedAt when the last transaction committed; empty like {@code xid}
 */
record TransactionBundle(List<Captured.Transaction> transactions, Optional<Long> xid, Optional<Instant> committedAt) {
    TransactionBundle {
        transactions = List.copyOf(transactions);
    }

    /** The end of a transaction of which nothing is to be handed over. */
    static TransactionBundle endOf(Captured.Transaction empty) {
        return new TransactionBundle(List.of(), Optional.of(empty.xids().getLast()), Optional.of(empty.last()));
    }
}
