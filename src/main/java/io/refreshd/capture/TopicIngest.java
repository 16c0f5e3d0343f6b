package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.TopicOffset;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;

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
    private final EventDelivery delivery;
    private final OffsetStore store;
    private final TopicProgress progress;
    private final TopicWatch watch;
    /** Partitions of which a usual event was read: from then on the beginning of a connector, or a snapshot, is a gap. */
    private final Set<TopicPartition> usual = new HashSet<>();

    private List<TopicOffset> stored = List.of();
    private Lsn delivered;
    /** What the slot had confirmed at the look before. */
    private Lsn earlier = Lsn.ZERO;

    private long lookedAt;

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
        this.delivery = new EventDelivery(connection, delivery, handler);
        this.store = store;
        this.progress = new TopicProgress(from.offsets(), from.ordered(), from.position());
        this.watch = new TopicWatch(settings.slot(), from);
        this.delivered = from.position();
        this.lookedAt = System.nanoTime() - settings.heartbeatInterval().toNanos();
        reader.readFrom(from.offsets());
    }

    void step(Duration longest) throws Exception {
        ConsumerRecords<byte[], byte[]> records = poll(longest);
        List<ChangeEvent> events = new ArrayList<>(records.count());
        for (ConsumerRecord<byte[], byte[]> record : records) {
            events.add(read(record));
        }
        records.partitions().forEach(partition -> progress.reached(partition, reader.next(partition)));
        boolean looked =
                System.nanoTime() - lookedAt >= settings.heartbeatInterval().toNanos();
        if (looked) {
            lookedAt = System.nanoTime();
            look();
        }
        if (!records.isEmpty() || progress.position().compareTo(delivered) > 0) {
            deliver(events, looked);
        }
    }

    private ConsumerRecords<byte[], byte[]> poll(Duration longest) {
        try {
            return reader.poll(longest);
        } catch (OffsetOutOfRangeException e) {
            Map<TopicPartition, Long> beginnings =
                    reader.beginnings(e.offsetOutOfRangePartitions().keySet());
            boolean overtaken = e.offsetOutOfRangePartitions().entrySet().stream()
                    .anyMatch(wanted -> wanted.getValue() < beginnings.getOrDefault(wanted.getKey(), 0L));
            throw new TopicGap(
                    overtaken ? "retention-overtaken" : "offsets-out-of-range",
                    "the topics hold no record at " + e.offsetOutOfRangePartitions());
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
    private ChangeEvent read(ConsumerRecord<byte[], byte[]> record) {
        TopicPartition partition = new TopicPartition(record.topic(), record.partition());
        ChangeEvent event = ChangeEventReader.read(record.value());
        if (event instanceof ChangeEvent.Undecodable what) {
            throw new TopicGap(
                    "record-undecodable", "record " + record.offset() + " of " + partition + " is " + what.reason());
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

    private void requireUsual(TopicPartition partition, long offset, ChangeEvent event, ChangeEvent.Source source) {
        String where = "record " + offset + " of " + partition;
        if (!from.acceptsLostChanges() && ConnectorVersion.mayLoseChanges(source.version())) {
            throw new TopicGap(
                    "connector-too-old", where + " is of a connector that may lose changes: " + source.version());
        }
        boolean snapshot = event instanceof ChangeEvent.Read read && !read.incremental();
        boolean begins = snapshot || (source.lastCommit().isEmpty() && !(event instanceof ChangeEvent.Read));
        if (!begins) {
            usual.add(partition);
        } else if (!from.anew() || usual.contains(partition)) {
            throw new TopicGap(
                    snapshot ? "connector-snapshot" : "connector-begun-anew",
                    where + (snapshot ? " was read by a snapshot" : " is the first of a connector without an offset"));
        }
    }

    private void deliver(List<ChangeEvent> events, boolean mayStore) throws Exception {
        delivered = progress.position();
        Lsn acknowledged = delivery.deliver(events, delivered);
        if (mayStore) {
            List<TopicOffset> resume = progress.resume(acknowledged);
            if (!resume.equals(stored)) {
                store.store(resume, watch.decoded());
                stored = resume;
                reader.show(resume);
            }
        }
    }
}
