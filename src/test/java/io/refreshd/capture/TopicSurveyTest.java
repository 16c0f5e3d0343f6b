package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TopicOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class TopicSurveyTest {
    private static final TopicPartition P = new TopicPartition("t", 0);

    private static TopicSurvey survey(boolean named, String id, Map<TopicPartition, Long> begin, long end) {
        return new TopicSurvey(
                named,
                Map.of("t", new TopicReader.Topic(id, begin.size())),
                begin,
                Map.of(P, end),
                Set.of(),
                Set.of(),
                Optional.empty());
    }

    private static TopicSurvey survey(String id, long begin, long end) {
        return survey(true, id, Map.of(P, begin), end);
    }

    private static List<TopicOffset> at(long next) {
        return List.of(new TopicOffset("t", 0, "one", next, Lsn.ZERO));
    }

    @Test
    void whatTheTopicsHoldDecidesWhetherThereIsAGap() {
        assertThat(survey("one", 5, 9).gap(at(5))).isEmpty();
        assertThat(survey("one", 5, 9).gap(at(9))).isEmpty();
        assertThat(survey("one", 5, 9).gap(at(4))).contains("retention-overtaken");
        assertThat(survey("one", 5, 9).gap(at(10))).contains("offsets-out-of-range");
        assertThat(survey("two", 0, 9).gap(at(5))).contains("topic-made-anew");
        assertThat(survey("one", 0, 9).gap(List.of())).contains("offsets-missing");
        assertThat(survey(true, "one", Map.of(P, 0L, new TopicPartition("t", 1), 0L), 9)
                        .gap(at(5)))
                .contains("partitions-added");
        assertThat(new TopicSurvey(true, Map.of(), Map.of(), Map.of(), Set.of(), Set.of(), Optional.empty()).gap(at(5)))
                .contains("topic-missing");
    }

    /** Otherwise the first event would be read, and taken for a connector that has lost its offset. */
    @Test
    void aTopicWithoutAnEventIsAsGoodAsNone() {
        assertThat(survey("one", 0, 0).isEmpty()).isTrue();
        assertThat(survey("one", 0, 1).isEmpty()).isFalse();
        assertThat(survey("one", 1, 1).isEmpty()).as("its records were deleted").isFalse();
    }

    @Test
    void aTopicThatIsNewIsReadFromItsBeginningIfItIsWhole() {
        TopicPartition other = new TopicPartition("u", 0);
        for (long begin : new long[] {0, 1}) {
            TopicSurvey survey = new TopicSurvey(
                    false,
                    Map.of("t", new TopicReader.Topic("one", 1), "u", new TopicReader.Topic("three", 1)),
                    Map.of(P, 0L, other, begin),
                    Map.of(P, 9L, other, 9L),
                    Set.of(),
                    Set.of(),
                    Optional.empty());
            assertThat(survey.gap(at(5))).isEqualTo(begin == 0 ? Optional.empty() : Optional.of("retention-overtaken"));
            assertThat(survey.from(at(5)))
                    .containsExactlyInAnyOrder(at(5).getFirst(), new TopicOffset("u", 0, "three", 0, Lsn.ZERO));
        }
    }

    @Test
    void onlyOnePartitionOfATopicThatIsNamedKeepsTheOrder() {
        assertThat(survey("one", 0, 9).ordered()).isTrue();
        assertThat(survey(false, "one", Map.of(P, 0L), 9).ordered())
                .as("another topic may match the pattern later")
                .isFalse();
    }

    @Test
    void saysWhatOfTheTopicsWouldLoseChanges() {
        TopicSurvey survey = new TopicSurvey(
                true,
                Map.of("t", new TopicReader.Topic("one", 1)),
                Map.of(P, 0L),
                Map.of(P, 9L),
                Set.of("u"),
                Set.of("t"),
                Optional.of("3.6.1.Final"));
        assertThat(survey.obstacles(false)).hasSize(3);
        assertThat(survey.obstacles(true))
                .extracting(Obstacle::what)
                .satisfiesExactly(
                        codec -> assertThat(codec).startsWith("the last record of topic u is compressed with"),
                        compaction -> assertThat(compaction).startsWith("topic t is compacted"));
    }

    @Test
    void connectorsSinceThreeSevenLoseNothing() {
        for (String version : List.of("3.7.0.Final", "3.10.1.Final", "4.0.0.Alpha1")) {
            assertThat(ConnectorVersion.mayLoseChanges(version)).as(version).isFalse();
        }
        for (String version : List.of("3.6.1.Final", "2.7.4.Final", "", "new", "99999.1.0")) {
            assertThat(ConnectorVersion.mayLoseChanges(version)).as(version).isTrue();
        }
    }
}
