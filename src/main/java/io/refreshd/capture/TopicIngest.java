package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.TopicOffset;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a {@link KafkaChangeSource}: records become a batch, the batch is delivered, and what is acknowledged is stored.
 *
 * <p>Thread: that of the source.
 */
final class TopicIngest {
    private final CaptureSettings settings;
    private final Connection connection;
    private final TopicReader reader;
    private final TopicStart from;
    private final EventDelivery events;
    private final Delivery delivery;
    private final OffsetStore store;
    private final TopicProgress progress;
    private final TopicWatch watch;
    private List<TopicOffset> stored = List.of();
    private Lsn delivered;
    /** What the slot had confirmed at the look before. */
    private Lsn earlier = Lsn.ZERO;

    private long lookedAt;
    /** Why changes may be missing before the next usual event; null: none are. */
    private @Nullable String begun;

    TopicIngest(
            CaptureSettings settings,
            Connection connection,
            TopicReader reader,
            TopicStart from,
            Delivery delivery,
            BatchHandler handler,
            OffsetStore store) {
        this.settings = settings;
        this.connection = connection;
        this.reader = reader;
        this.from = from;
        this.events = new EventDelivery(connection, delivery, handler);
        this.delivery = delivery;
        this.store = store;
        this.progress = new TopicProgress(from.offsets(), from.ordered(), from.position());
        this.watch = new TopicWatch(settings.slot(), from);
        this.delivered = from.position();
        this.lookedAt = System.nanoTime() - settings.heartbeatInterval().toNanos();
        reader.readFrom(from.offsets());
    }

    void step(Duration longest) throws Exception {
        ConsumerRecords<byte[], byte[]> records = reader.poll(longest);
        List<ChangeEvent> read = new ArrayList<>(records.count());
        for (ConsumerRecord<byte[], byte[]> record : records) {
            read.add(read(record));
        }
        records.partitions().forEach(partition -> progress.reached(partition, reader.next(partition)));
        boolean looked =
                System.nanoTime() - lookedAt >= settings.heartbeatInterval().toNanos();
        if (looked) {
            lookedAt = System.nanoTime();
            look();
        }
        if (!records.isEmpty() || progress.position().compareTo(delivered) > 0) {
            deliver(read, looked);
        }
    }

    private void look() throws SQLException, InterruptedException {
        // The slot first: what it had confirmed by then is before the ends that are read afterwards.
        Lsn confirmed = watch.slot(connection);
        Map<String, TopicReader.Topic> topics = reader.topics();
        List<TopicOffset> added = watch.added(topics, progress.partitions());
        if (!added.isEmpty()) {
            watch.requireWhole(
                    added,
                    reader.beginnings(added.stream()
                            .map(offset -> new TopicPartition(offset.topic(), offset.partition()))
                            .toList()));
            added.forEach(progress::begin);
            reader.readFrom(added);
        }
        if (!from.ordered()) {
            // That of the look before: a broker may learn of a new topic later than the connector.
            progress.confirmed(earlier, reader.ends(progress.partitions()));
            earlier = confirmed;
        }
    }

    /** @return the event, unless it is of another database */
    private ChangeEvent read(ConsumerRecord<byte[], byte[]> record) throws SQLException {
        TopicPartition partition = new TopicPartition(record.topic(), record.partition());
        ChangeEvent event = ChangeEventReader.read(record.value());
        if (event instanceof ChangeEvent.Undecodable what) {
            throw new TopicGap(
                    TopicReader.UNREADABLE, "record " + record.offset() + " of " + partition + " is " + what.reason());
        }
        ChangeEvent.Source source = event.from().orElse(null);
        if (source == null || !source.database().equals(settings.server().database())) {
            progress.read(partition, record.offset(), null);
            return new ChangeEvent.Nothing();
        }
        if (!source.name().equals(from.prefix())) {
            // Its slot is another one, and nothing is known of its settings.
            throw new TopicGap(
                    "connector-another", "record " + record.offset() + " of " + partition + " is of another connector");
        }
        requireUsual(partition, record.offset(), event, source);
        progress.read(partition, record.offset(), source);
        return event;
    }

    /**
     * A connector without an offset may leave out what committed before it begins: after a snapshot it does. Where it began nobody sees.
     * So nothing is claimed from then on, until an event shows that it goes on as usual; every view that is refreshed afterwards holds
     * what was left out. That event comes with the next transaction, and an idle database has none.
     */
    private void requireUsual(TopicPartition partition, long offset, ChangeEvent event, ChangeEvent.Source source)
            throws SQLException {
        String where = "record " + offset + " of " + partition;
        if (!from.acceptsLostChanges() && ConnectorVersion.mayLoseChanges(source.version())) {
            throw new TopicGap(
                    "connector-too-old", where + " is of a connector that may lose changes: " + source.version());
        }
        boolean snapshot = event instanceof ChangeEvent.Read;
        boolean begins = snapshot || source.lastCommit().isEmpty();
        if (begins && begun == null) {
            begun = snapshot ? "connector-snapshot" : "connector-begun-anew";
            progress.stop();
            Heartbeat.emitInTransaction(connection);
        } else if (begun != null && !begins) {
            throw new TopicGap(begun, where + " follows the beginning of a connector without an offset");
        }
    }

    private void deliver(List<ChangeEvent> read, boolean mayStore) throws Exception {
        delivered = progress.position();
        Lsn acknowledged = events.deliver(read, delivered);
        progress.delivered(delivery.handed());
        if (mayStore) {
            List<TopicOffset> resume = progress.resume(acknowledged, delivery.routed());
            if (!resume.equals(stored)) {
                store.store(resume, watch.decoded());
                stored = resume;
                reader.show(resume);
            }
        }
    }
}
