package io.refreshd.capture;

import io.debezium.connector.postgresql.connection.LogicalDecodingMessage;
import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.TableId;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Transactions that go to Debezium as one record: what a record costs there is many times what a small transaction costs here. In the
 * order of their commits, but for those of whose rows nothing was remembered: they are carried as one if they did the same, since all
 * that can be told apart of them are their ids. So nothing is known any less exactly.
 */
final class Bundle {
    /**
     * Bytes: a thousand small transactions, or sixteen thousand of which only the ids are carried, which only a backlog brings
     * together. Then many of them concern the same views, and these hear of them once. The queue still takes little room.
     */
    private static final int FULL = 128 * 1024;

    private final ByteArrayOutputStream content = new ByteArrayOutputStream(8 * 1024);
    private final DataOutputStream out = new DataOutputStream(content);
    private final Map<ChangeSignature, Transactions> alike = new LinkedHashMap<>();
    private @Nullable Transactions latest;
    private int transactions;
    private @Nullable Long xid;
    private @Nullable Instant committedAt;
    private boolean urgent;

    /** What a transaction did, as far as it is told if nothing is known of the rows. */
    private record ChangeSignature(TableId table, Set<Operation> operations, ChangedColumns columns) {}

    /** Transactions that did the same. */
    private static final class Transactions {
        private final ChangeSignature signature;
        private final List<Long> xids = new ArrayList<>();
        private final Map<Operation, Long> rows = new EnumMap<>(Operation.class);
        private final Instant first;
        private Instant last;
        private TableTally tally;
        private long times;

        Transactions(ChangeSignature signature, TableTally tally, Instant first) {
            this.signature = signature;
            this.tally = tally;
            this.first = first;
            this.last = first;
        }

        void add(Captured.Transaction transaction) {
            TableTally next = transaction.tables().getFirst();
            if (!next.equals(tally)) {
                countRows();
                tally = next;
            }
            times++;
            xids.addAll(transaction.xids());
            last = transaction.last();
        }

        /** Not for each transaction: most of them are the same to the number of their rows. */
        private void countRows() {
            tally.rows().forEach((operation, count) -> rows.merge(operation, count * times, Long::sum));
            times = 0;
        }

        Captured.Transaction all() {
            countRows();
            TableTally together = new TableTally(signature.table(), rows, signature.columns());
            return new Captured.Transaction(xids, first, last, List.of(together), List.of());
        }
    }

    void add(Captured.Transaction transaction) {
        if (isAnonymous(transaction)) {
            transactionsOf(transaction).add(transaction);
        } else {
            TransactionCodec.write(out, transaction);
        }
        transactions++;
        xid = transaction.xids().getLast();
        committedAt = transaction.last();
    }

    /** Mostly those of the last one, which are found without working out what the deed is filed under. */
    private Transactions transactionsOf(Captured.Transaction transaction) {
        TableTally tally = transaction.tables().getFirst();
        Transactions known = latest;
        if (known == null || !known.tally.equals(tally)) {
            ChangeSignature signature =
                    new ChangeSignature(tally.table(), tally.rows().keySet(), tally.columns());
            known = alike.computeIfAbsent(signature, d -> new Transactions(d, tally, transaction.first()));
            latest = known;
        }
        return known;
    }

    private static boolean isAnonymous(Captured.Transaction transaction) {
        return transaction.signals().isEmpty()
                && transaction.tables().size() == 1
                && transaction.tables().getFirst().touched().equals(ChangedRows.UNKNOWN);
    }

    /** A message that belongs to no transaction. Somebody may be waiting for it. */
    void add(Signal signal) {
        TransactionCodec.write(out, new Captured.Transaction(0, Instant.EPOCH, List.of(), List.of(signal)));
        transactions++;
        urgent = true;
    }

    /** Whether it is not to wait for more than what is there already. */
    boolean isUrgent() {
        return urgent;
    }

    boolean isEmpty() {
        return transactions == 0;
    }

    boolean isFull() {
        return content.size() + transactions * Long.BYTES >= FULL;
    }

    int size() {
        return transactions;
    }

    /** All that was added, as a message at the place of the last of them; the bundle is empty then. */
    LogicalDecodingMessage take() {
        alike.values().forEach(transactions -> TransactionCodec.write(out, transactions.all()));
        byte[] all = content.toByteArray();
        LogicalDecodingMessage message = new LogicalDecodingMessage(
                io.debezium.connector.postgresql.connection.ReplicationMessage.Operation.MESSAGE,
                committedAt,
                xid,
                false,
                TransactionCodec.PREFIX,
                all);
        content.reset();
        alike.clear();
        latest = null;
        transactions = 0;
        xid = null;
        committedAt = null;
        urgent = false;
        return message;
    }
}
