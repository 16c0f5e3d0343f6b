package io.refreshd.capture;

import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.TableId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Gathers transactions for one {@link TransactionBundle}: a record costs Debezium many times what a small transaction costs to decode.
 *
 * <p>Transactions that did the same to one table differ by their ids and by the keys of their rows alone. They are carried as one, with all
 * ids and all keys, if no keys are known or there are many. Whoever routes them takes the keys of all together in any case, so nothing is
 * known any less exactly. The other transactions keep the order of their commits.
 *
 * <p>Invariant: the room that a bundle takes is bounded, see {@link #isFull}.
 */
final class BundleBuilder {
    /**
     * Most transactions in a bundle. Only a backlog of transactions that did the same brings so many together. Many of them concern the
     * same views then, and those views are marked once.
     */
    private static final int MOST_TRANSACTIONS = 16 * 1024;

    /**
     * Bytes on the heap, estimated: about a thousand small transactions whose rows are remembered (600 kB, measured), or a few large ones.
     * Debezium's queue holds a few bundles.
     */
    private static final int MOST_BYTES = 1024 * 1024;

    /** A transaction with its lists, and one more table in it: bytes on the heap, estimated. */
    private static final int TRANSACTION_BYTES = 300;

    private static final int TABLE_BYTES = 500;

    /** A short text in a set of sets: the text itself, its array and its share of the sets. */
    private static final int TEXT_BYTES = 80;

    /** The id of a transaction that is carried with others. */
    private static final int XID_BYTES = 32;

    /** The first transactions of a bundle are carried one by one if keys are known: to compare them would cost more than it saves. */
    private static final int FEW = 20;

    private final List<Captured.Transaction> distinct = new ArrayList<>();
    private final Map<ChangeSignature, SameChange> alike = new LinkedHashMap<>();
    private @Nullable SameChange latest;
    private int transactions;
    private long bytes;
    private @Nullable Long xid;
    private @Nullable Instant committedAt;
    private boolean urgent;

    /** What is known of a transaction with one table, its ids, its number of rows and their keys aside. */
    private record ChangeSignature(
            TableId table,
            Set<Operation> operations,
            ChangedColumns columns,
            List<String> key,
            boolean keysKnown,
            Map<String, Set<String>> values,
            Map<String, Set<String>> newValues) {
        static ChangeSignature of(TableTally tally) {
            ChangedRows rows = tally.touched();
            return new ChangeSignature(
                    tally.table(),
                    tally.rows().keySet(),
                    tally.columns(),
                    rows.key(),
                    rows.keys().isPresent(),
                    rows.values(),
                    rows.newValues());
        }

        ChangedRows rowsWith(Set<List<String>> keys) {
            return new ChangedRows(key, keysKnown ? Optional.of(keys) : Optional.empty(), values, newValues);
        }
    }

    /** The transactions that share one signature. */
    private static final class SameChange {
        private final ChangeSignature signature;
        private final List<Long> xids = new ArrayList<>();
        private final Map<Operation, Long> rows = new EnumMap<>(Operation.class);
        private final Set<List<String>> keys = new HashSet<>();
        private final Instant first;
        private Instant last;
        private TableTally tally;
        private long times;

        SameChange(ChangeSignature signature, TableTally tally, Instant first) {
            this.signature = signature;
            this.tally = tally;
            this.first = first;
            this.last = first;
        }

        void add(Captured.Transaction transaction) {
            TableTally next = transaction.tables().getFirst();
            if (!next.rows().equals(tally.rows())) {
                countRows();
            }
            tally = next;
            times++;
            next.touched().keys().ifPresent(keys::addAll);
            xids.addAll(transaction.xids());
            last = transaction.last();
        }

        /** Adds up equal numbers in one go: most transactions of a signature have the same number of rows, too. */
        private void countRows() {
            tally.rows().forEach((operation, count) -> rows.merge(operation, count * times, Long::sum));
            times = 0;
        }

        Captured.Transaction merged() {
            countRows();
            TableTally together =
                    new TableTally(signature.table(), rows, signature.columns(), signature.rowsWith(keys));
            return new Captured.Transaction(xids, first, last, List.of(together), List.of());
        }
    }

    void add(Captured.Transaction transaction) {
        if (isAlike(transaction)) {
            addAlike(transaction);
        } else {
            addDistinct(transaction);
        }
        // Whoever writes a signal waits for it.
        urgent |= !transaction.signals().isEmpty();
        transactions++;
        xid = transaction.xids().getLast();
        committedAt = transaction.last();
    }

    private void addDistinct(Captured.Transaction transaction) {
        distinct.add(transaction);
        bytes += TRANSACTION_BYTES;
        for (TableTally tally : transaction.tables()) {
            bytes += TABLE_BYTES + bytesOf(tally.touched());
        }
        for (Signal signal : transaction.signals()) {
            bytes += TEXT_BYTES + signal.body().length();
        }
    }

    private static long bytesOf(ChangedRows rows) {
        long sum = 0;
        for (List<String> key : rows.keys().orElse(Set.of())) {
            sum += bytesOf(key);
        }
        for (Set<String> values : rows.values().values()) {
            sum += bytesOf(values);
        }
        for (Set<String> values : rows.newValues().values()) {
            sum += bytesOf(values);
        }
        return sum;
    }

    private static long bytesOf(Collection<String> texts) {
        long sum = 0;
        for (String text : texts) {
            sum += TEXT_BYTES + text.length();
        }
        return sum;
    }

    private void addAlike(Captured.Transaction transaction) {
        TableTally tally = transaction.tables().getFirst();
        SameChange same = latest;
        // Mostly the same tally as that of the transaction before, if no keys are known.
        if (same == null || !same.tally.equals(tally)) {
            ChangeSignature signature = ChangeSignature.of(tally);
            same = alike.get(signature);
            if (same == null) {
                same = new SameChange(signature, tally, transaction.first());
                alike.put(signature, same);
                bytes += signature.keysKnown() ? TRANSACTION_BYTES + TABLE_BYTES + bytesOf(tally.touched()) : 0;
            }
            latest = same;
        }
        same.add(transaction);
        if (same.signature.keysKnown()) {
            bytes += XID_BYTES;
            for (List<String> key : tally.touched().keys().orElse(Set.of())) {
                bytes += bytesOf(key);
            }
        }
    }

    private boolean isAlike(Captured.Transaction transaction) {
        if (!transaction.signals().isEmpty() || transaction.tables().size() != 1) {
            return false;
        }
        ChangedRows rows = transaction.tables().getFirst().touched();
        return rows.equals(ChangedRows.UNKNOWN)
                || (transactions >= FEW && rows.keys().isPresent());
    }

    /** Adds a message that belongs to no transaction. Somebody may be waiting for the message. */
    void add(Signal signal) {
        addDistinct(new Captured.Transaction(0, Instant.EPOCH, List.of(), List.of(signal)));
        transactions++;
        urgent = true;
    }

    /** Whether the bundle is to be handed over as soon as the stream pauses, however little was gathered. */
    boolean isUrgent() {
        return urgent;
    }

    boolean isEmpty() {
        return transactions == 0;
    }

    boolean isFull() {
        return transactions >= MOST_TRANSACTIONS || bytes >= MOST_BYTES;
    }

    int size() {
        return transactions;
    }

    /** Returns all that was added; the builder is empty then. */
    TransactionBundle take() {
        List<Captured.Transaction> all = new ArrayList<>(distinct.size() + alike.size());
        all.addAll(distinct);
        alike.values().forEach(same -> all.add(same.merged()));
        TransactionBundle bundle =
                new TransactionBundle(all, Optional.ofNullable(xid), Optional.ofNullable(committedAt));
        distinct.clear();
        alike.clear();
        latest = null;
        transactions = 0;
        bytes = 0;
        xid = null;
        committedAt = null;
        urgent = false;
        return bundle;
    }
}
