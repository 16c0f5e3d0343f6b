package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.config.KafkaSettings;
import io.refreshd.config.TopicPattern;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
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
    void aPlaceThatTheTopicsDoNotHoldAnyMoreIsAGap(long wanted, String reason) {
        consumer.updateBeginningOffsets(Map.of(P, 5L));
        consumer.setPollException(new OffsetOutOfRangeException("gone", Map.of(P, wanted)));
        assertGap(reason, "the topics hold no record at {t-0=" + wanted + "}");
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
