package io.refreshd.ledger;

import io.refreshd.model.Lsn;
import io.refreshd.model.TopicOffset;
import java.util.Collection;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/** Reads and writes {@code refreshd.topic_offset}: where reading goes on in Kafka's topics. */
public final class TopicOffsets {
    private TopicOffsets() {}

    /** What {@code refreshd.stream} has in the place of the name of a slot of refreshd's own. No slot has such a name. */
    public static String inPlaceOf(String connectorSlot) {
        return "topics of " + connectorSlot;
    }

    /** In the order of topic and partition; empty if changes were not read from topics. */
    public static List<TopicOffset> read(Handle handle) {
        return handle.createQuery("""
                        SELECT topic, partition, topic_id, next_offset, position::text AS position
                        FROM refreshd.topic_offset ORDER BY topic, partition
                        """)
                .map((row, context) -> new TopicOffset(
                        row.getString("topic"),
                        row.getInt("partition"),
                        row.getString("topic_id"),
                        row.getLong("next_offset"),
                        Lsn.parse(row.getString("position"))))
                .list();
    }

    /** Bytes that the server had decoded for the connector's slot; 0 if nobody has looked. */
    public static long decoded(Handle handle) {
        return handle.createQuery("SELECT coalesce(max(slot_decoded), 0) FROM refreshd.stream")
                .mapTo(Long.class)
                .one();
    }

    /** Puts these offsets in the place of all others. */
    public static void replace(Handle transaction, Collection<TopicOffset> offsets, long decoded) {
        forget(transaction);
        transaction
                .createUpdate("UPDATE refreshd.stream SET slot_decoded = :decoded")
                .bind("decoded", decoded)
                .execute();
        PreparedBatch batch = transaction.prepareBatch("""
                INSERT INTO refreshd.topic_offset (topic, partition, topic_id, next_offset, position)
                VALUES (:topic, :partition, :id, :next, CAST(:position AS pg_lsn))
                """);
        for (TopicOffset offset : offsets) {
            batch.bind("topic", offset.topic())
                    .bind("partition", offset.partition())
                    .bind("id", offset.topicId())
                    .bind("next", offset.next())
                    .bind("position", offset.position().toString())
                    .add();
        }
        if (!offsets.isEmpty()) {
            batch.execute();
        }
    }

    /** Whoever reads topics next finds a gap. */
    public static void forget(Handle transaction) {
        transaction.execute("DELETE FROM refreshd.topic_offset");
    }
}
