package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.debezium.connector.postgresql.connection.Lsn;
import io.refreshd.model.Interest;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

class TransactionStreamTest {
    private final long[] read = {0};

    /** Transactions without rows, for ever; each comes so long after the one before it. */
    private TransactionStream stream(Duration between) {
        PGReplicationStream server = (PGReplicationStream) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {PGReplicationStream.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "readPending" -> next(between);
                    case "getLastReceiveLSN" -> LogSequenceNumber.valueOf(read[0]);
                    default -> throw new UnsupportedOperationException(method.getName());
                });
        return new TransactionStream(server, Lsn.valueOf(1L), Duration.ofSeconds(1), table -> Interest.NONE);
    }

    private ByteBuffer next(Duration between) {
        if (read[0]++ % 2 == 1) {
            return ByteBuffer.allocate(26).put(0, (byte) 'C');
        }
        if (!between.isZero()) {
            LockSupport.parkNanos(between.toNanos());
        }
        return ByteBuffer.allocate(21).put(0, (byte) 'B');
    }

    private long readAtOnce(TransactionStream stream) throws Exception {
        long before = read[0];
        stream.readPending(message -> {});
        return read[0] - before;
    }

    @Test
    void readsABacklogWithoutAPause() throws Exception {
        TransactionStream stream = stream(Duration.ZERO);
        long most = 0;
        // Any of them may be held up by something else on the machine.
        for (int i = 0; i < 20; i++) {
            most = Math.max(most, readAtOnce(stream));
        }
        assertThat(most).isEqualTo(1_000);
    }

    @Test
    void isNotWokenForEachTransactionOfADenseStream() throws Exception {
        TransactionStream stream = stream(Duration.ofMillis(1));
        long begin = System.nanoTime();
        assertThat(readAtOnce(stream)).as("messages, two of them a transaction").isLessThan(20);
        assertThat(System.nanoTime() - begin)
                .as("it lets some come together")
                .isGreaterThan(TimeUnit.MILLISECONDS.toNanos(4));
    }
}
