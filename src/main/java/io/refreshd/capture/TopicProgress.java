package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.TopicOffset;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * How far the log was read by the records that were taken. Pure.
 *
 * <p>In order, with one partition: when a record is read, all that committed before its position was read, since the connector hands over
 * transactions in the order of their commits. Otherwise: what the connector's slot had confirmed was in the topics by then, so it was
 * read once all records were that the topics held after that.
 *
 * <p>Invariant: the position only grows. An offset that is to be stored has everything at or behind it that is not marked durably and
 * seen to be visible. A mark alone would not do: after a restart nobody knows which transactions a refresh for it has to see.
 *
 * <p>Thread: that of the source.
 */
final class TopicProgress {
    /** Most places at which reading could go on. Of more, the oldest of those that are kept is still a right one. */
    private static final int MOST_PLACES = 10_000;

    /** Most ends of batches. Each has an offset for each partition. */
    private static final int MOST_ENDS = 64;

    private final boolean ordered;
    private final Map<TopicPartition, String> ids;
    private final Map<TopicPartition, Long> next = new HashMap<>();
    /** In order: where a transaction begins. Oldest first. */
    private final Deque<TopicOffset> places = new ArrayDeque<>();
    /** Without order: where the batches ended that do not count as routed yet. Oldest first. */
    private final Deque<BatchEnd> ends = new ArrayDeque<>();
    /** Without order: where the newest batch ended that counts as routed. */
    private Map<TopicPartition, Long> routed;

    private Lsn position;
    private OptionalLong transaction = OptionalLong.empty();
    private boolean stopped;
    private @Nullable Confirmed confirmed;

    private record Confirmed(Lsn position, Map<TopicPartition, Long> ends) {}

    private record BatchEnd(long number, Map<TopicPartition, Long> next) {}

    /** @param position everything that committed at or before it was read already */
    TopicProgress(Collection<TopicOffset> start, boolean ordered, Lsn position) {
        this.position = position;
        this.ids = new HashMap<>();
        start.forEach(this::begin);
        this.ordered = ordered;
        this.routed = Map.copyOf(next);
        if (ordered) {
            places.addAll(start);
        }
    }

    Set<TopicPartition> partitions() {
        return Set.copyOf(next.keySet());
    }

    /** A partition is read from this offset on. */
    void begin(TopicOffset from) {
        TopicPartition partition = new TopicPartition(from.topic(), from.partition());
        ids.put(partition, from.topicId());
        next.put(partition, from.next());
    }

    /** A record was read. @param source empty for a record that holds no event of the database */
    void read(TopicPartition partition, long offset, ChangeEvent.@Nullable Source source) {
        if (!ordered || stopped || source == null) {
            return;
        }
        boolean another = source.xid().isEmpty() || !source.xid().equals(transaction);
        transaction = source.xid();
        position = position.max(source.lsn());
        if (another && places.size() < MOST_PLACES) {
            places.addLast(
                    new TopicOffset(partition.topic(), partition.partition(), idOf(partition), offset, position));
        }
    }

    /** All records before the offset were read. */
    void reached(TopicPartition partition, long offset) {
        next.put(partition, offset);
    }

    /** Nothing is known any more of what was read before the present record: position and offsets stay. */
    void stop() {
        stopped = true;
    }

    /** What was read until now was handed over, with the batch of this number. */
    void delivered(long batch) {
        if (!ordered && !stopped && ends.size() < MOST_ENDS) {
            ends.addLast(new BatchEnd(batch, Map.copyOf(next)));
        }
    }

    /** The slot had confirmed the position before the topics ended there. */
    void confirmed(Lsn slot, Map<TopicPartition, Long> ends) {
        if (confirmed == null) {
            confirmed = new Confirmed(slot, Map.copyOf(ends));
        }
    }

    /** Everything that committed at or before it was read. */
    Lsn position() {
        Confirmed awaited = confirmed;
        if (awaited != null
                && !stopped
                && awaited.ends().entrySet().stream()
                        .allMatch(end -> next.getOrDefault(end.getKey(), 0L) >= end.getValue())) {
            position = position.max(awaited.position());
            confirmed = null;
        }
        return position;
    }

    /**
     * Where reading goes on after a restart.
     *
     * @param acknowledged everything that committed at or before it need not be read again
     * @param batch the same holds for what was handed over up to the batch of this number
     */
    List<TopicOffset> resume(Lsn acknowledged, long batch) {
        if (!ordered) {
            while (!ends.isEmpty() && ends.getFirst().number() <= batch) {
                routed = ends.removeFirst().next();
            }
            return routed.entrySet().stream()
                    .map(entry -> new TopicOffset(
                            entry.getKey().topic(),
                            entry.getKey().partition(),
                            idOf(entry.getKey()),
                            entry.getValue(),
                            acknowledged))
                    .toList();
        }
        TopicOffset reached = places.getFirst();
        while (!places.isEmpty() && places.getFirst().position().compareTo(acknowledged) <= 0) {
            reached = places.removeFirst();
        }
        places.addFirst(reached);
        return List.of(reached);
    }

    private String idOf(TopicPartition partition) {
        return Objects.requireNonNull(ids.get(partition));
    }
}
