package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Lsn;
import io.refreshd.model.TopicOffset;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class TopicProgressTest {
    private static final TopicPartition P = new TopicPartition("t", 0);
    private static final TopicPartition Q = new TopicPartition("t", 1);

    private static TopicOffset place(TopicPartition partition, long next, long position) {
        return new TopicOffset(partition.topic(), partition.partition(), "id", next, new Lsn(position));
    }

    private static ChangeEvent.Source event(long xid, long lsn) {
        return new ChangeEvent.Source(
                "p",
                "3.7.0",
                "app",
                xid == 0 ? OptionalLong.empty() : OptionalLong.of(xid),
                new Lsn(lsn),
                Optional.empty(),
                Instant.EPOCH);
    }

    private static TopicProgress ordered() {
        return new TopicProgress(List.of(place(P, 10, 100)), true, new Lsn(100));
    }

    @Test
    void inOrderEverythingBeforeARecordWasRead() {
        TopicProgress progress = ordered();
        progress.read(P, 10, event(1, 110));
        assertThat(progress.position()).isEqualTo(new Lsn(110));
        progress.read(P, 11, event(0, 150));
        progress.read(P, 12, event(2, 130));
        assertThat(progress.position())
                .as("the message stood before the commit")
                .isEqualTo(new Lsn(150));
        progress.read(P, 13, null);
        assertThat(progress.position()).isEqualTo(new Lsn(150));
    }

    /** A transaction of which a part was read begins anew, with all its rows. */
    @Test
    void inOrderReadingGoesOnWhereATransactionBegins() {
        TopicProgress progress = ordered();
        progress.read(P, 10, event(1, 110));
        progress.read(P, 11, event(1, 120));
        progress.read(P, 12, event(2, 130));
        progress.read(P, 13, event(2, 140));
        progress.reached(P, 14);
        assertThat(progress.resume(new Lsn(100), 9)).containsExactly(place(P, 10, 100));
        assertThat(progress.resume(new Lsn(125), 9)).containsExactly(place(P, 10, 110));
        assertThat(progress.resume(new Lsn(200), 9)).containsExactly(place(P, 12, 130));
        assertThat(progress.resume(new Lsn(200), 9))
                .as("the last place is kept")
                .containsExactly(place(P, 12, 130));
    }

    @Test
    void aRestartedConnectorThatRepeatsItselfMovesNothingBack() {
        TopicProgress progress = ordered();
        progress.read(P, 10, event(1, 200));
        progress.read(P, 11, event(1, 110));
        progress.read(P, 12, event(2, 120));
        assertThat(progress.position()).isEqualTo(new Lsn(200));
        assertThat(progress.resume(new Lsn(150), 9)).containsExactly(place(P, 10, 100));
    }

    @Test
    void withoutOrderTheSlotTellsOnceTheTopicsWereRead() {
        TopicProgress progress = new TopicProgress(List.of(place(P, 10, 0), place(Q, 20, 0)), false, new Lsn(100));
        progress.confirmed(new Lsn(300), Map.of(P, 12L, Q, 21L));
        progress.read(P, 10, event(1, 500));
        progress.reached(P, 12);
        assertThat(progress.position()).isEqualTo(new Lsn(100));
        progress.confirmed(new Lsn(400), Map.of(P, 12L, Q, 99L));
        progress.reached(Q, 21);
        assertThat(progress.position()).as("what was asked first counts").isEqualTo(new Lsn(300));
        progress.delivered(1);
        assertThat(progress.resume(new Lsn(300), 1)).containsExactlyInAnyOrder(place(P, 12, 300), place(Q, 21, 300));
    }

    /** A view that is marked for a transaction that nobody sees yet must be marked again after a restart. */
    @Test
    void withoutOrderReadingGoesOnBehindTheBatchesThatCountAsRouted() {
        TopicProgress progress = new TopicProgress(List.of(place(P, 10, 0)), false, new Lsn(100));
        assertThat(progress.resume(new Lsn(100), 0)).containsExactly(place(P, 10, 100));
        for (int batch = 1; batch <= 1_000; batch++) {
            progress.reached(P, 10 + batch);
            progress.delivered(batch);
        }
        assertThat(progress.resume(new Lsn(100), 0)).containsExactly(place(P, 10, 100));
        assertThat(progress.resume(new Lsn(100), 3)).containsExactly(place(P, 13, 100));
        assertThat(progress.resume(new Lsn(100), 1_000))
                .as("what is kept is bounded, so some is read again")
                .containsExactly(place(P, 10 + 64, 100));
        progress.delivered(1_001);
        assertThat(progress.resume(new Lsn(100), 1_001)).containsExactly(place(P, 1_010, 100));
    }

    @Test
    void aPartitionOfWhichNothingWasReadHoldsThePositionBack() {
        TopicProgress progress = new TopicProgress(List.of(place(P, 10, 0)), false, new Lsn(100));
        progress.confirmed(new Lsn(300), Map.of(P, 10L, Q, 1L));
        assertThat(progress.position()).isEqualTo(new Lsn(100));
        progress.begin(place(Q, 0, 0));
        progress.reached(Q, 1);
        assertThat(progress.position()).isEqualTo(new Lsn(300));
    }
}
