package io.refreshd.capture;

import io.refreshd.config.KafkaSettings;
import io.refreshd.model.TopicOffset;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads the topics of one database from Kafka: which there are, where they begin and end, and their records.
 *
 * <p>Partitions are assigned by refreshd itself, and the ledger knows where it goes on: the group only shows Kafka's tools how far that is.
 *
 * <p>Failure: {@link KafkaException}, with what the client says.
 *
 * <p>Thread: one; any may call {@link #wakeUp}.
 */
final class TopicReader implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final Duration CLOSE = Duration.ofSeconds(2);

    /** The reason of a gap: a record that nobody can read is passed by. */
    static final String UNREADABLE = "record-undecodable";

    /** Bytes of one answer. A single record may be larger. */
    private static final int FETCH = 8 * 1024 * 1024;

    private final KafkaSettings settings;
    private final Admin admin;
    private final Consumer<byte[], byte[]> consumer;
    /** The identity of each topic that is read, by its name. */
    private final Map<String, String> ids = new HashMap<>();

    /** A topic as it is found. */
    record Topic(String id, int partitions) {}

    TopicReader(KafkaSettings settings) {
        this.settings = settings;
        Map<String, Object> shared = shared(settings);
        this.admin = Admin.create(shared);
        Map<String, Object> reading = new HashMap<>(shared);
        reading.put(ConsumerConfig.GROUP_ID_CONFIG, settings.group());
        reading.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        // Where nothing can be read any more there is a gap, which Kafka's client must not jump over in silence.
        reading.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        reading.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        reading.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        reading.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2_000);
        reading.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, FETCH);
        try {
            this.consumer = new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        } catch (RuntimeException e) {
            admin.close(CLOSE);
            throw e;
        }
    }

    /** For a test, with clients that it made. */
    TopicReader(KafkaSettings settings, Admin admin, Consumer<byte[], byte[]> consumer) {
        this.settings = settings;
        this.admin = admin;
        this.consumer = consumer;
    }

    private static Map<String, Object> shared(KafkaSettings settings) {
        Map<String, Object> shared = new HashMap<>();
        settings.client().forEach((name, value) -> shared.put(name, value.reveal()));
        shared.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, settings.bootstrapServers());
        shared.put(CommonClientConfigs.CLIENT_ID_CONFIG, "refreshd");
        shared.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, Math.toIntExact(PATIENCE.toMillis()));
        shared.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, Math.toIntExact(PATIENCE.toMillis()));
        shared.put(CommonClientConfigs.ENABLE_METRICS_PUSH_CONFIG, false);
        return shared;
    }

    /** The topics of the database, by name. */
    Map<String, Topic> topics() throws InterruptedException {
        Set<String> names = get(admin.listTopics().names());
        List<String> ours = names.stream().filter(settings.topics()::matches).toList();
        Map<String, TopicDescription> described = get(admin.describeTopics(ours).allTopicNames());
        return described.values().stream()
                .collect(Collectors.toMap(
                        TopicDescription::name,
                        topic -> new Topic(
                                topic.topicId().toString(), topic.partitions().size())));
    }

    /** The topics of which Kafka removes older records of a key. */
    Set<String> compacted(Set<String> topics) throws InterruptedException {
        Map<ConfigResource, Config> settings = get(admin.describeConfigs(topics.stream()
                        .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic))
                        .toList())
                .all());
        return settings.entrySet().stream()
                .filter(topic -> topic.getValue()
                        .get(TopicConfig.CLEANUP_POLICY_CONFIG)
                        .value()
                        .contains(TopicConfig.CLEANUP_POLICY_COMPACT))
                .map(topic -> topic.getKey().name())
                .collect(Collectors.toSet());
    }

    static Set<TopicPartition> partitions(Map<String, Topic> topics) {
        Set<TopicPartition> partitions = new HashSet<>();
        topics.forEach((name, topic) -> {
            for (int i = 0; i < topic.partitions(); i++) {
                partitions.add(new TopicPartition(name, i));
            }
        });
        return partitions;
    }

    Map<TopicPartition, Long> beginnings(Collection<TopicPartition> partitions) {
        return consumer.beginningOffsets(partitions);
    }

    Map<TopicPartition, Long> ends(Collection<TopicPartition> partitions) {
        return consumer.endOffsets(partitions);
    }

    /** Reads from these places on, and goes on in partitions that are read already. */
    void readFrom(Collection<TopicOffset> places) {
        Set<TopicPartition> read = new HashSet<>(consumer.assignment());
        places.forEach(place -> {
            read.add(new TopicPartition(place.topic(), place.partition()));
            ids.put(place.topic(), place.topicId());
        });
        consumer.assign(read);
        places.forEach(place -> consumer.seek(new TopicPartition(place.topic(), place.partition()), place.next()));
    }

    /** @throws TopicGap if the topics hold no record where reading was to go on, or refreshd cannot decompress it */
    ConsumerRecords<byte[], byte[]> poll(Duration longest) throws InterruptedException {
        try {
            return consumer.poll(longest);
        } catch (OffsetOutOfRangeException e) {
            Map<TopicPartition, Long> wanted = e.offsetOutOfRangePartitions();
            String reason = outOfRange(wanted, ids, topics(), consumer.assignment())
                    .orElseGet(() -> outOfRange(wanted, beginnings(wanted.keySet())));
            throw new TopicGap(reason, "the topics hold no record at " + wanted);
        } catch (KafkaException e) {
            throw unreadable(e)
                    .map(what -> (RuntimeException) new TopicGap(UNREADABLE, what))
                    .orElse(e);
        }
    }

    /** Pure. @return why a topic is not the one that was read, which explains its offsets too; empty if each is */
    static Optional<String> outOfRange(
            Map<TopicPartition, Long> wanted,
            Map<String, String> ids,
            Map<String, Topic> topics,
            Collection<TopicPartition> read) {
        return wanted.keySet().stream()
                .map(TopicPartition::topic)
                .flatMap(name -> TopicWatch.topicChange(name, ids.getOrDefault(name, ""), topics, read).stream())
                .findFirst();
    }

    /** Pure. @return what has become of the records that were to be read next, in topics that are the same */
    static String outOfRange(Map<TopicPartition, Long> wanted, Map<TopicPartition, Long> beginnings) {
        return wanted.entrySet().stream()
                        .anyMatch(place -> place.getValue() < beginnings.getOrDefault(place.getKey(), 0L))
                ? "retention-overtaken"
                : "offsets-out-of-range";
    }

    /** What makes a record one that nobody can read; empty: the record is not to blame. */
    private static Optional<String> unreadable(KafkaException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof LinkageError) {
                return Optional.of("records are compressed with a codec that refreshd does not have");
            }
            if (cause instanceof CorruptRecordException) {
                return Optional.of("a record is corrupt");
            }
        }
        return Optional.empty();
    }

    /** The offset that is read next. It lies behind what Kafka itself writes between records. */
    long next(TopicPartition partition) {
        return consumer.position(partition);
    }

    /** The last record before {@code end}, of those that can be read; empty if there is none. Moves the reader. */
    Optional<ConsumerRecord<byte[], byte[]>> last(TopicPartition partition, long beginning, long end)
            throws InterruptedException {
        // Transactions of Connect end with a record that nobody sees.
        long from = Math.max(beginning, end - 3);
        consumer.assign(List.of(partition));
        consumer.seek(partition, from);
        List<ConsumerRecord<byte[], byte[]>> records =
                from < end ? poll(PATIENCE).records(partition) : List.of();
        return records.isEmpty() ? Optional.empty() : Optional.of(records.getLast());
    }

    /** Shows Kafka's tools how far was read. Nobody relies on it, so nobody waits for it. */
    void show(Collection<TopicOffset> offsets) {
        consumer.commitAsync(
                offsets.stream()
                        .collect(Collectors.toMap(
                                offset -> new TopicPartition(offset.topic(), offset.partition()),
                                offset -> new OffsetAndMetadata(offset.next()))),
                (ignored, failure) -> {});
    }

    /** Ends a call that waits. */
    void wakeUp() {
        consumer.wakeup();
    }

    private static <T> T get(org.apache.kafka.common.KafkaFuture<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new KafkaException(e.getCause());
        }
    }

    @Override
    public void close() {
        admin.close(CLOSE);
        consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(CLOSE));
    }
}
