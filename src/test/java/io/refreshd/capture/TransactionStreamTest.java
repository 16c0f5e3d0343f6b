package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Interest;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

class TransactionStreamTest {
    private final long[] read = {0};
    private final LogDemand demand = new LogDemand();
    private final List<Duration> waits = new ArrayList<>();

    /** A stream of transactions without rows that never ends, with a wait before each. */
    private TransactionStream stream(Duration between) {
        return stream(() -> next(between));
    }

    private TransactionStream stream(Supplier<@Nullable ByteBuffer> messages) {
        PGReplicationStream server = (PGReplicationStream) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {PGReplicationStream.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "readPending" -> messages.get();
                    case "getLastReceiveLSN" -> LogSequenceNumber.valueOf(read[0]);
                    default -> throw new UnsupportedOperationException(method.getName());
                });
        return new TransactionStream(
                server,
                waits::add,
                LogSequenceNumber.valueOf(1),
                Duration.ofSeconds(1),
                table -> Interest.NONE,
                demand,
                StreamEncoding.UTF8);
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
        stream.readPending(bundle -> {});
        return read[0] - before;
    }

    @Test
    void readsABacklogWithoutAPause() throws Exception {
        TransactionStream stream = stream(Duration.ZERO);
        long most = 0;
        // Any read may be held up by something else on the machine.
        for (int i = 0; i < 20; i++) {
            most = Math.max(most, readAtOnce(stream));
        }
        assertThat(most).isEqualTo(1_000);
    }

    /** Another thread has the processor every now and then, which looks like a wait for the server. */
    @Test
    void readsABacklogOnABusyMachineWithoutAPause() throws Exception {
        TransactionStream stream = stream(() -> next(read[0] % 200 == 0 ? Duration.ofNanos(300_000) : Duration.ZERO));
        long most = 0;
        for (int i = 0; i < 20; i++) {
            most = Math.max(most, readAtOnce(stream));
        }
        assertThat(most).isEqualTo(1_000);
    }

    @Test
    void handsOverAtOnceWhileSomebodyWaitsForTheLog() throws Exception {
        List<Iterator<ByteBuffer>> messages = new ArrayList<>();
        TransactionStream stream =
                stream(() -> messages.getLast().hasNext() ? messages.getLast().next() : null);
        List<TransactionBundle> handedOver = new ArrayList<>();
        try (LogDemand.Wait somebody = demand.begin()) {
            assertThat(somebody).isNotNull();
            for (int times = 1; times <= 5; times++) {
                messages.add(truncations(300).iterator());
                stream.readPending(handedOver::add);
                assertThat(handedOver)
                        .as("bundles, which else were gathered for 100 ms each")
                        .hasSize(times);
            }
        }
    }

    @Test
    void aPauseEndsWhenSomebodyBeginsToWait() throws Exception {
        Thread reader = Thread.ofPlatform().start(() -> {
            try {
                demand.pause(Duration.ofDays(1));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        try (LogDemand.Wait somebody = demand.begin()) {
            assertThat(somebody).isNotNull();
            reader.join();
        }
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

    @Test
    void waitsForASilentServerTheLongerTheLongerItIsSilent() throws Exception {
        TransactionStream stream = stream(() -> null);
        for (int i = 1; i <= 10; i++) {
            stream.readPending(bundle -> {});
            assertThat(waits).as("one after each look").hasSize(i);
        }
        assertThat(waits).isSorted();
        assertThat(waits.getLast()).isGreaterThan(Duration.ofMillis(30));
        assertThat(SilentInput.part(Duration.ofMillis(1))).isEqualTo(Duration.ofMillis(10));
        assertThat(SilentInput.part(Duration.ofSeconds(1))).isEqualTo(Duration.ofMillis(250));
        assertThat(SilentInput.part(Duration.ofDays(1))).isEqualTo(Duration.ofMillis(500));
    }

    @Test
    void doesNotWaitForTheServerWhileItHoldsSomething() throws Exception {
        Iterator<ByteBuffer> messages = truncations(6).iterator();
        TransactionStream stream = stream(() -> messages.hasNext() ? messages.next() : null);
        TransactionStream.Receiver busy = new TransactionStream.Receiver() {
            @Override
            public void receive(TransactionBundle bundle) {
                throw new AssertionError("handed over");
            }

            @Override
            public boolean isBusy() {
                return true;
            }
        };
        long begin = System.nanoTime();
        while (messages.hasNext() || System.nanoTime() - begin < TimeUnit.MILLISECONDS.toNanos(300)) {
            stream.readPending(busy);
        }
        assertThat(waits).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"200, 100", "40, 50", "1, 10"})
    void gathersTheLongerTheMoreComeTogether(int transactions, long atLeast) throws Exception {
        Iterator<ByteBuffer> first = truncations(1).iterator();
        Iterator<ByteBuffer> then = truncations(transactions).iterator();
        List<Long> handedOver = new ArrayList<>();
        TransactionStream stream = stream(() -> {
            Iterator<ByteBuffer> there = handedOver.isEmpty() ? first : then;
            return there.hasNext() ? there.next() : null;
        });
        long begin = 0;
        while (handedOver.size() < 2) {
            // Before the first bundle was handed over, however long that took.
            begin = handedOver.isEmpty() ? System.nanoTime() : begin;
            stream.readPending(bundle -> handedOver.add(System.nanoTime()));
        }
        assertThat(then.hasNext()).as("some are left").isFalse();
        assertThat(handedOver.getLast() - begin).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(atLeast));
    }

    @Test
    void gathersFurtherWhileWhatItHandedOverStillWaits() throws Exception {
        Iterator<ByteBuffer> messages = truncations(6).iterator();
        TransactionStream stream = stream(() -> messages.hasNext() ? messages.next() : null);
        AtomicBoolean busy = new AtomicBoolean(true);
        List<Integer> sizes = new ArrayList<>();
        TransactionStream.Receiver receiver = new TransactionStream.Receiver() {
            @Override
            public void receive(TransactionBundle bundle) {
                bundle.transactions()
                        .forEach(transaction -> sizes.add(transaction.xids().size()));
            }

            @Override
            public boolean isBusy() {
                return busy.get();
            }
        };
        long begin = System.nanoTime();
        while (messages.hasNext() || System.nanoTime() - begin < TimeUnit.MILLISECONDS.toNanos(20)) {
            stream.readPending(receiver);
        }
        assertThat(sizes).isEmpty();
        busy.set(false);
        stream.readPending(receiver);
        assertThat(sizes).containsExactly(6);
    }

    /** Messages of a table, and of so many transactions that truncate it. */
    private static List<ByteBuffer> truncations(int transactions) {
        List<ByteBuffer> messages = new ArrayList<>();
        messages.add(ByteBuffer.allocate(32)
                .put((byte) 'R')
                .putInt(1)
                .put("public\0t\0d".getBytes(StandardCharsets.UTF_8))
                .putShort((short) 0)
                .flip());
        for (int i = 0; i < transactions; i++) {
            messages.add(ByteBuffer.allocate(21).put(0, (byte) 'B').putInt(17, i + 3));
            messages.add(ByteBuffer.allocate(10).put(0, (byte) 'T').putInt(1, 1).putInt(6, 1));
            messages.add(ByteBuffer.allocate(26).put(0, (byte) 'C'));
        }
        return messages;
    }
}
