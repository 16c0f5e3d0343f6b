package io.refreshd.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Moment;
import io.refreshd.report.StreamPhase;
import io.refreshd.testing.Captured;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OutageLogTest {
    private final Captured captured = new Captured(OutageLog.class);
    private final List<String> shown = new ArrayList<>();
    private Moment now = new Moment(0, Instant.EPOCH);
    private final OutageLog outages = new OutageLog(() -> now);

    @AfterEach
    void release() {
        captured.close();
    }

    @Test
    void theFirstFailureThenOneAMinuteThenOneLineOnRecovery() {
        failed("refused by 10.0.0.1:5432");
        assertThat(captured.lines())
                .containsExactly("WARN Not streaming; trying again reason=refused by 10.0.0.1:5432");
        for (int i = 0; i < 5; i++) {
            pass(Duration.ofSeconds(10));
            failed("refused by 10.0.0." + i + ":5432");
        }
        assertThat(captured.lines()).isEmpty();
        pass(Duration.ofSeconds(10));
        failed("refused by 10.0.0.9:5432");
        assertThat(captured.lines())
                .containsExactly("WARN Not streaming; trying again reason=refused by 10.0.0.9:5432 heldBack=5");
        outages.recovered();
        assertThat(captured.lines()).containsExactly("INFO Streaming again failures=7");
        assertThat(shown).hasSize(7).last().isEqualTo("refused by 10.0.0.9:5432");
    }

    @Test
    void anOutageOfSixHoursIsSeenToLast() {
        for (int i = 0; i < 6 * 120; i++) {
            failed("refused");
            pass(Duration.ofSeconds(30));
        }
        assertThat(captured.lines()).hasSize(6 * 60);
    }

    @Test
    void anotherReasonIsToldAtOnceAndTwoByTurnsAreNotToldAgain() {
        failed("refused");
        failed("starting up");
        assertThat(captured.lines()).hasSize(2);
        failed("refused");
        failed("starting up");
        assertThat(captured.lines()).isEmpty();
    }

    @Test
    void afterARecoveryTheFirstIsToldAgain() {
        failed("refused");
        outages.recovered();
        captured.lines();
        outages.recovered();
        assertThat(captured.lines()).as("told once").isEmpty();
        failed("refused");
        assertThat(captured.lines()).containsExactly("WARN Not streaming; trying again reason=refused");
        outages.recovered();
        assertThat(captured.lines()).containsExactly("INFO Streaming again failures=1");
    }

    /** It is asked every five seconds, and names how long it has waited. */
    @Test
    void waitingIsToldOnceAMinuteThoughItsWordsCount() {
        for (int seconds = 0; seconds < 120; seconds += 5) {
            outages.phase(StreamPhase.CONNECTING, "the oldest is 42, open for " + seconds + " s");
            pass(Duration.ofSeconds(5));
        }
        assertThat(captured.lines())
                .containsExactly(
                        "WARN Waiting reason=the oldest is 42, open for 0 s",
                        "WARN Waiting reason=the oldest is 42, open for 60 s heldBack=11");
        outages.recovered();
        assertThat(captured.lines()).containsExactly("INFO Streaming again failures=0");
    }

    @Test
    void standingByIsNoTroubleAndPreparingIsNothing() {
        outages.phase(StreamPhase.CONNECTING, StreamAttempt.PREPARING);
        for (int hours = 0; hours < 5; hours++) {
            outages.phase(StreamPhase.STANDBY, "another refreshd serves this database: 7@host");
            pass(Duration.ofHours(1));
        }
        assertThat(captured.lines())
                .containsExactly("INFO Standing by reason=another refreshd serves this database: 7@host");
    }

    private void failed(String reason) {
        outages.failed(new SQLException(reason), shown::add);
    }

    private void pass(Duration time) {
        now = now.plus(time);
    }
}
