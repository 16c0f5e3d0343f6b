package io.refreshd.capture;

import io.debezium.connector.postgresql.connection.LogicalDecodingMessage;
import io.debezium.connector.postgresql.connection.ReplicationMessage.Operation;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.time.Instant;

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
    private long xid;
    private Instant committedAt = Instant.EPOCH;

    void add(Captured.Transaction transaction) {
        TransactionCodec.write(out, transaction);
        xid = transaction.xid();
        committedAt = transaction.committedAt();
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
        return new LogicalDecodingMessage(Operation.MESSAGE, committedAt, xid, false, TransactionCodec.PREFIX, all);
    }
}
