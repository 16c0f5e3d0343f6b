package io.refreshd.capture;

import io.debezium.connector.postgresql.connection.LogicalDecodingMessage;
import io.debezium.connector.postgresql.connection.ReplicationMessage.Operation;
import io.refreshd.model.Signal;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Transactions that go to Debezium as one record, in the order of their commits: what a record costs there is many times what a
 * small transaction costs here. Each is carried whole, so nothing is known any less exactly.
 */
final class Bundle {
    /**
     * A thousand small transactions, which only a backlog brings together: then many of them concern the same views, and these hear
     * of them once. The queue still takes little room.
     */
    private static final int FULL = 128 * 1024;

    private static final int LARGE = 4 * 1024;

    private final ByteArrayOutputStream content = new ByteArrayOutputStream(2 * LARGE);
    private final DataOutputStream out = new DataOutputStream(content);
    private @Nullable Long xid;
    private @Nullable Instant committedAt;
    private boolean urgent;

    void add(Captured.Transaction transaction) {
        TransactionCodec.write(out, transaction);
        xid = transaction.xid();
        committedAt = transaction.committedAt();
    }

    /** A message that belongs to no transaction, in its place among them. Somebody may be waiting for it. */
    void add(Signal signal) {
        TransactionCodec.write(out, new Captured.Transaction(0, Instant.EPOCH, List.of(), List.of(signal)));
        urgent = true;
    }

    /** Whether it is not to wait for more than what is there already. */
    boolean isUrgent() {
        return urgent;
    }

    boolean isEmpty() {
        return content.size() == 0;
    }

    boolean isFull() {
        return content.size() >= FULL;
    }

    /** Whether a good part of what may come together has come. */
    boolean isLarge() {
        return content.size() >= LARGE;
    }

    /** All that was added, as a message at the place of the last of them; the bundle is empty then. */
    LogicalDecodingMessage take() {
        byte[] all = content.toByteArray();
        content.reset();
        LogicalDecodingMessage message =
                new LogicalDecodingMessage(Operation.MESSAGE, committedAt, xid, false, TransactionCodec.PREFIX, all);
        xid = null;
        committedAt = null;
        urgent = false;
        return message;
    }
}
