package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.TopicOffset;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/**
 * Notices that the connector's slot or the topics are not those any more that were read.
 *
 * <p>Thread: that of the source.
 */
final class TopicWatch {
    private final String slot;
    private final boolean ordered;
    private final Map<String, String> ids;
    private long decoded;

    TopicWatch(String slot, TopicStart from) {
        this.slot = slot;
        this.ordered = from.ordered();
        this.decoded = from.decoded();
        this.ids = from.offsets().stream()
                .collect(Collectors.toMap(TopicOffset::topic, TopicOffset::topicId, (one, same) -> one));
    }

    /** Bytes that the server has decoded for the slot. Whoever makes a slot anew makes it begin with none. */
    long decoded() {
        return decoded;
    }

    /** @return what the slot has confirmed */
    Lsn slot(Connection connection) throws SQLException {
        SlotState state = Slot.inspect(connection, slot)
                .filter(found -> !found.lost())
                .orElseThrow(
                        () -> new TopicGap("slot-missing", "the connector's replication slot " + slot + " is gone"));
        long now = decodedFor(connection, slot);
        if (now < decoded) {
            throw new TopicGap("slot-made-anew", "the connector's replication slot " + slot + " is another one");
        }
        decoded = now;
        return state.confirmed().orElse(Lsn.ZERO);
    }

    static long decodedFor(Connection connection, String slot) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT total_bytes FROM pg_catalog.pg_stat_replication_slots WHERE slot_name = ?")) {
            statement.setString(1, slot);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? row.getLong(1) : 0;
            }
        }
    }

    /** @return the partitions of topics that were not there before, from their beginning on */
    List<TopicOffset> added(Map<String, TopicReader.Topic> topics, Set<TopicPartition> read) {
        ids.forEach((name, id) -> topicChange(name, id, topics, read).ifPresent(reason -> {
            throw new TopicGap(reason, "topic " + name + " is not as it was");
        }));
        List<TopicOffset> added = new ArrayList<>();
        topics.forEach((name, topic) -> {
            if (!ordered && ids.putIfAbsent(name, topic.id()) == null) {
                for (int i = 0; i < topic.partitions(); i++) {
                    added.add(new TopicOffset(name, i, topic.id(), 0, Lsn.ZERO));
                }
            }
        });
        return added;
    }

    /** Pure. @return why the topic does not go on where it was read; empty if it does */
    static Optional<String> topicChange(
            String name, String id, Map<String, TopicReader.Topic> topics, Collection<TopicPartition> read) {
        TopicReader.Topic found = topics.get(name);
        if (found == null) {
            return Optional.of("topic-missing");
        }
        if (!found.id().equals(id)) {
            return Optional.of("topic-made-anew");
        }
        long known = read.stream()
                .filter(partition -> partition.topic().equals(name))
                .count();
        return found.partitions() == known ? Optional.empty() : Optional.of("partitions-added");
    }

    /** A topic that begins late has lost what it held before anybody read it. */
    void requireWhole(List<TopicOffset> added, Map<TopicPartition, Long> beginnings) {
        for (TopicOffset offset : added) {
            TopicPartition partition = new TopicPartition(offset.topic(), offset.partition());
            if (beginnings.getOrDefault(partition, 0L) > 0) {
                throw new TopicGap("retention-overtaken", partition + " begins late");
            }
        }
    }
}
