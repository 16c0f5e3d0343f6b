package io.refreshd.capture;

import io.debezium.engine.DebeziumEngine;
import io.refreshd.model.Lsn;
import io.refreshd.model.Xid;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The consumer of Debezium's own events: they are in the order of the log, so each shows that all before it was read.
 *
 * <p>Thread: the engine's polling thread; {@link #waitingFor} and {@link #hasRead} any thread.
 */
final class EventConsumer implements DebeziumEngine.ChangeConsumer<io.debezium.engine.ChangeEvent<String, String>> {
    private final Delivery delivery;
    private final EventDelivery events;
    private Lsn position;
    private Lsn acknowledged;
    private volatile boolean read;

    EventConsumer(Connection connection, BatchHandler handler, SlotStart start) {
        this.delivery = new Delivery(handler, start.now());
        this.events = new EventDelivery(connection, delivery, handler);
        this.position = start.confirmed();
        this.acknowledged = start.confirmed();
    }

    boolean hasRead() {
        return read;
    }

    Optional<Xid> waitingFor() {
        return delivery.waitingFor();
    }

    @Override
    public void handleBatch(
            List<io.debezium.engine.ChangeEvent<String, String>> records,
            DebeziumEngine.RecordCommitter<io.debezium.engine.ChangeEvent<String, String>> committer)
            throws InterruptedException {
        read = true;
        Lsn allowed = deliver(records);
        if (allowed.compareTo(acknowledged) > 0) {
            acknowledged = allowed;
            DebeziumEngine.Offsets offsets = committer.buildOffsets();
            DebeziumInternals.offset(acknowledged).forEach(offsets::set);
            committer.markProcessed(records.getLast(), offsets);
            committer.markBatchFinished();
        }
    }

    private Lsn deliver(List<io.debezium.engine.ChangeEvent<String, String>> records) throws InterruptedException {
        List<ChangeEvent> read = new ArrayList<>(records.size());
        for (io.debezium.engine.ChangeEvent<String, String> record : records) {
            String value = record.value();
            ChangeEvent event = ChangeEventReader.read(value == null ? null : value.getBytes(StandardCharsets.UTF_8));
            if (event instanceof ChangeEvent.Undecodable what) {
                throw new TopicGap("record-undecodable", "an event of Debezium is " + what.reason());
            }
            event.from().ifPresent(source -> position = position.max(source.lsn()));
            read.add(event);
        }
        try {
            return events.deliver(read, position);
        } catch (InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new BatchConsumer.HandlerFailed(e);
        }
    }
}
