package io.refreshd.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.ledger.LeasedLedger;
import io.refreshd.model.Moment;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;

class HistoryPrunerTest {
    private Moment now = new Moment(0, Instant.EPOCH);
    private int asked;
    private final LeasedLedger ledger = new LeasedLedger(
            Jdbi.create(() -> {
                asked++;
                throw new SQLException("none");
            }),
            1);

    @Test
    void takesAConnectionOnceAMinute() {
        HistoryPruner pruner = new HistoryPruner(() -> now);
        for (int minute = 1; minute <= 3; minute++) {
            for (int second = 0; second < 60; second++) {
                pruner.prune(ledger);
                now = now.plus(Duration.ofSeconds(1));
            }
            now = now.plus(Duration.ofMillis(1));
            assertThatThrownBy(() -> pruner.prune(ledger)).isInstanceOf(ConnectionException.class);
            assertThat(asked).as("connections that were asked for").isEqualTo(minute);
        }
    }
}
