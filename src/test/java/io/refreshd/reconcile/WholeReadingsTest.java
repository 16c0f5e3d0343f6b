package io.refreshd.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Moment;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WholeReadingsTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private Moment now = new Moment(Long.MAX_VALUE - 5, Instant.EPOCH);
    private Optional<String> writes = Optional.of("7");
    private int asked;
    private final WholeReadings readings = new WholeReadings(() -> now);

    private boolean isDueAfter(Duration pause) {
        now = now.plus(pause);
        return readings.isDue(() -> {
            asked++;
            return writes;
        });
    }

    @Test
    void isReadAgainAfterAMinuteOnlyIfSystemTablesWereWritten() {
        assertThat(isDueAfter(Duration.ZERO)).as("never read").isTrue();
        readings.done(writes);
        assertThat(isDueAfter(WholeReadings.IF_WRITTEN)).isFalse();
        assertThat(asked).isZero();
        assertThat(isDueAfter(SECOND)).isFalse();
        assertThat(isDueAfter(SECOND)).isFalse();
        assertThat(asked).as("at most every minute").isEqualTo(1);
        writes = Optional.of("8");
        assertThat(isDueAfter(WholeReadings.IF_WRITTEN)).isTrue();
        readings.done(writes);
        assertThat(isDueAfter(WholeReadings.IF_WRITTEN.plus(SECOND))).isFalse();
    }

    @Test
    void isReadEveryMinuteWhereNothingIsCounted() {
        readings.done(Optional.empty());
        writes = Optional.empty();
        assertThat(isDueAfter(WholeReadings.IF_WRITTEN.plus(SECOND))).isTrue();
    }

    @Test
    void isReadAfterTenMinutesInAnyCase() {
        readings.done(writes);
        assertThat(isDueAfter(WholeReadings.IN_ANY_CASE)).isFalse();
        assertThat(isDueAfter(SECOND)).isTrue();
    }
}
