package io.refreshd.capture;

import io.refreshd.config.KafkaSettings;
import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.TopicOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * The topics of a database as they are found at one moment.
 *
 * @param named whether the configuration names one topic, so that no other can join
 * @param compressed topics of which the last record is compressed with a codec that refreshd does not have; empty if none was read
 * @param compacted topics of which Kafka removes older records of a key
 * @param version the version of the connector that wrote the last event; empty if there is none, or it was not read
 */
public record TopicSurvey(
        boolean named,
        Map<String, TopicReader.Topic> topics,
        Map<TopicPartition, Long> beginnings,
        Map<TopicPartition, Long> ends,
        Set<String> compressed,
        Set<String> compacted,
        Optional<String> version) {

    /** Asks Kafka, and reads no record. Blocks for some seconds if no broker answers. */
    public static TopicSurvey take(KafkaSettings settings) throws InterruptedException, KafkaUnavailableException {
        return take(settings, false);
    }

    /** Reads the last records too. One that no heap holds ends the process. */
    public static TopicSurvey withLastRecords(KafkaSettings settings)
            throws InterruptedException, KafkaUnavailableException {
        return take(settings, true);
    }

    private static TopicSurvey take(KafkaSettings settings, boolean records)
            throws InterruptedException, KafkaUnavailableException {
        try {
            return read(settings, records);
        } catch (KafkaException e) {
            throw new KafkaUnavailableException(settings.bootstrapServers(), e);
        }
    }

    private static TopicSurvey read(KafkaSettings settings, boolean records) throws InterruptedException {
        try (TopicReader reader = new TopicReader(settings)) {
            Map<String, TopicReader.Topic> topics = reader.topics();
            Set<TopicPartition> partitions = TopicReader.partitions(topics);
            reader.readFrom(partitions.stream()
                    .map(partition -> new TopicOffset(
                            partition.topic(),
                            partition.partition(),
                            Objects.requireNonNull(topics.get(partition.topic()))
                                    .id(),
                            0,
                            Lsn.ZERO))
                    .toList());
            Map<TopicPartition, Long> beginnings = reader.beginnings(partitions);
            Map<TopicPartition, Long> ends = reader.ends(partitions);
            Optional<String> version = Optional.empty();
            Set<String> compressed = new HashSet<>();
            for (TopicPartition partition : records ? partitions : Set.<TopicPartition>of()) {
                if (version.isEmpty()) {
                    try {
                        version = reader.last(
                                        partition,
                                        beginnings.getOrDefault(partition, 0L),
                                        ends.getOrDefault(partition, 0L))
                                .flatMap(TopicSurvey::version);
                    } catch (TopicGap gap) {
                        // Otherwise records were removed meanwhile, and there is no version to see.
                        if (gap.reason().equals(TopicReader.UNREADABLE)) {
                            compressed.add(partition.topic());
                        }
                    }
                }
            }
            return new TopicSurvey(
                    settings.topics().isName(),
                    topics,
                    beginnings,
                    ends,
                    compressed,
                    reader.compacted(topics.keySet()),
                    version);
        }
    }

    private static Optional<String> version(ConsumerRecord<byte[], byte[]> record) {
        return ChangeEventReader.read(record.value()).from().map(ChangeEvent.Source::version);
    }

    /** Whether the topics keep the order of the log: one topic of one partition, and no other can join. */
    public boolean ordered() {
        return named && ends.size() == 1;
    }

    /** Whether no event was ever written. The connector makes a topic a moment before the first one, which shows where it begins. */
    public boolean isEmpty() {
        return ends.values().stream().allMatch(end -> end == 0);
    }

    /** Offsets at which reading begins if nothing that the topics hold now needs to be read. */
    public List<TopicOffset> atTheEnds(Lsn position) {
        return ends.entrySet().stream()
                .map(end -> offset(end.getKey(), end.getValue(), position))
                .toList();
    }

    /** The recorded offsets, and the beginnings of topics that were made since. */
    public List<TopicOffset> from(Collection<TopicOffset> recorded) {
        Map<TopicPartition, TopicOffset> offsets = new HashMap<>();
        beginnings.keySet().forEach(partition -> offsets.put(partition, offset(partition, 0, Lsn.ZERO)));
        recorded.forEach(offset -> offsets.put(new TopicPartition(offset.topic(), offset.partition()), offset));
        return new ArrayList<>(offsets.values());
    }

    private TopicOffset offset(TopicPartition partition, long next, Lsn position) {
        TopicReader.Topic topic = topics.get(partition.topic());
        return new TopicOffset(
                partition.topic(), partition.partition(), topic == null ? "" : topic.id(), next, position);
    }

    /**
     * Why the topics do not hold everything behind the recorded offsets, one fixed word; empty if they do.
     *
     * @param recorded empty if nothing was read from topics yet, or nobody knows how far
     */
    public Optional<String> gap(Collection<TopicOffset> recorded) {
        if (recorded.isEmpty()) {
            return Optional.of("offsets-missing");
        }
        Set<TopicPartition> read = recorded.stream()
                .map(offset -> new TopicPartition(offset.topic(), offset.partition()))
                .collect(Collectors.toSet());
        for (TopicOffset offset : recorded) {
            Optional<String> change = TopicWatch.topicChange(offset.topic(), offset.topicId(), topics, read);
            if (change.isPresent()) {
                return change;
            }
        }
        for (TopicOffset offset : from(recorded)) {
            TopicPartition partition = new TopicPartition(offset.topic(), offset.partition());
            if (offset.next() < beginnings.getOrDefault(partition, 0L)) {
                return Optional.of("retention-overtaken");
            }
            if (offset.next() > ends.getOrDefault(partition, 0L)) {
                return Optional.of("offsets-out-of-range");
            }
        }
        return Optional.empty();
    }

    /** What of the topics keeps refreshd from reading them. */
    public List<Obstacle> obstacles(boolean acceptsLostChanges) {
        List<Obstacle> obstacles = new ArrayList<>();
        for (String topic : new TreeSet<>(compressed)) {
            obstacles.add(new Obstacle(
                    "the last record of topic " + topic + " is compressed with a codec that refreshd does not have",
                    Remedy.text("set producer.override.compression.type=gzip or none for the connector, and"
                            + " compression.type=producer for the topic")));
        }
        for (String topic : new TreeSet<>(compacted)) {
            obstacles.add(new Obstacle(
                    "topic " + topic + " is compacted, so that Kafka removes changes before they are read",
                    Remedy.text("set cleanup.policy=delete for the topic, and a retention longer than any outage")));
        }
        version.filter(found -> !acceptsLostChanges && ConnectorVersion.mayLoseChanges(found))
                .ifPresent(found -> obstacles.add(new Obstacle(
                        "the connector is Debezium " + found.replaceAll("[^A-Za-z0-9.-]", "?")
                                + ", which may lose changes when it is restarted",
                        Remedy.text("use Debezium 3.7 or newer, or accept that with kafka.accept-lost-changes: true"
                                + " and compare views by audit.interval"))));
        return obstacles;
    }
}
