package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.config.KafkaSettings;
import io.refreshd.config.TopicPattern;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a reader makes of what Kafka's client says. No broker is asked. */
class TopicReaderTest {
    private static final TopicPartition P = new TopicPartition("t", 0);

    private MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("none");

    private TopicReader reader() {
        return new TopicReader(
                new KafkaSettings("127.0.0.1:1", new TopicPattern("t"), "g", Path.of("c"), true, Map.of()),
                Admin.create(Map.of("bootstrap.servers", "127.0.0.1:1")),
                consumer);
    }

    @ParameterizedTest
    @CsvSource({"4, retention-overtaken", "5, offsets-out-of-range", "9, offsets-out-of-range"})
    void aPlaceThatATopicDoesNotHoldAnyMoreIsAGap(long wanted, String reason) {
        assertThat(TopicReader.outOfRange(Map.of(P, wanted), Map.of(P, 5L))).isEqualTo(reason);
    }

    /** Whoever finds the topic first, by its identity or by the offsets that it lacks, names what happened alike. */
    @Test
    void offsetsOfATopicThatIsAnotherAreNoMatterOfTheirOwn() {
        assertThat(outOfRange(Map.of("t", new TopicReader.Topic("two", 1)))).contains("topic-made-anew");
        assertThat(outOfRange(Map.of())).contains("topic-missing");
        assertThat(outOfRange(Map.of("t", new TopicReader.Topic("one", 2)))).contains("partitions-added");
        assertThat(outOfRange(Map.of("t", new TopicReader.Topic("one", 1)))).isEmpty();
    }

    private static Optional<String> outOfRange(Map<String, TopicReader.Topic> found) {
        return TopicReader.outOfRange(Map.of(P, 9L), Map.of("t", "one"), found, Set.of(P));
    }

    @Test
    void aCodecThatIsMissingIsAGapAndNoFault() {
        // As Kafka's client says it.
        consumer.setPollException(new KafkaException(
                "seek past the record",
                new KafkaException(new NoClassDefFoundError("com/github/luben/zstd/ZstdInputStreamNoFinalizer"))));
        assertGap("record-undecodable", "records are compressed with a codec that refreshd does not have");
    }

    @Test
    void aCorruptRecordIsAGapAndAnotherFailureIsNone() {
        consumer.setPollException(new KafkaException("seek past the record", new CorruptRecordException("checksum")));
        assertGap("record-undecodable", "a record is corrupt");
        consumer = new MockConsumer<>("none");
        KafkaException other = new KafkaException("not authorized");
        consumer.setPollException(other);
        try (TopicReader reader = reader()) {
            assertThatThrownBy(() -> reader.poll(Duration.ZERO)).isSameAs(other);
        }
    }

    private void assertGap(String reason, String message) {
        try (TopicReader reader = reader()) {
            assertThatThrownBy(() -> reader.poll(Duration.ZERO))
                    .isInstanceOfSatisfying(
                            TopicGap.class, gap -> assertThat(gap.reason()).isEqualTo(reason))
                    .hasMessage(message);
        }
    }
}
