package io.refreshd.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Lsn;
import io.refreshd.testing.TestDatabase;
import java.time.Duration;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StreamAttemptsIT {
    private TestDatabase database;
    private Handle handle;

    @BeforeEach
    void open() throws Exception {
        database = TestDatabase.create();
        handle = database.open();
        LedgerSchema.migrate(handle);
    }

    @AfterEach
    void close() throws Exception {
        handle.close();
        database.close();
    }

    @Test
    void noneIsCountedBeforeAFirstStart() {
        assertThat(StreamAttempts.made(handle)).isZero();
        StreamAttempts.begin(handle);
        assertThat(StreamAttempts.made(handle)).isZero();
    }

    @Test
    void attemptsCountUntilTheLogWasReadFurther() {
        begin("0/100");
        StreamAttempts.begin(handle);
        StreamAttempts.begin(handle);
        assertThat(StreamAttempts.made(handle)).isEqualTo(2);
        advance("0/100", "0/100");
        assertThat(StreamAttempts.made(handle)).as("no further").isEqualTo(2);
        advance("0/100", "0/200");
        assertThat(StreamAttempts.made(handle))
                .as("the present one, at another position that is not visible yet")
                .isOne();
        StreamAttempts.begin(handle);
        advance("0/150", "0/200");
        assertThat(StreamAttempts.made(handle)).as("read again").isEqualTo(2);
        StreamAttempts.forgive(handle);
        StreamAttempts.forgive(handle);
        StreamAttempts.forgive(handle);
        assertThat(StreamAttempts.made(handle)).isZero();
    }

    @Test
    void anotherSlotHasItsOwnChance() {
        begin("0/100");
        StreamAttempts.begin(handle);
        begin("0/50");
        assertThat(StreamAttempts.made(handle)).isZero();
        StreamAttempts.begin(handle);
        StreamAttempts.begin(handle);
        advance("0/50", "0/60");
        assertThat(StreamAttempts.made(handle)).isOne();
    }

    private void begin(String position) {
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.parse(position)));
    }

    private void advance(String claimed, String read) {
        StreamRow.advance(
                handle,
                StreamRow.epoch(handle),
                Lsn.parse(claimed),
                Lsn.parse(read),
                Optional.empty(),
                Duration.ofSeconds(1));
    }
}
