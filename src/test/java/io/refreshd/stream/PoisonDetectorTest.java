package io.refreshd.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.sql.SQLException;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PoisonDetectorTest {
    private final InMemory ledger = new InMemory();
    private PoisonDetector poison = new PoisonDetector("refreshd");

    /** The ledger, which outlives the process. */
    private static final class InMemory implements PoisonDetector.AttemptLedger {
        private int made;

        @Override
        public int made() {
            return made;
        }

        @Override
        public void begin() {
            made++;
        }

        @Override
        public void forgive() {
            made--;
        }

        /** What {@code StreamRow.advance} does. */
        void furtherThanBefore() {
            made = 1;
        }

        /** What {@code StreamRow.begin} does. */
        void anotherSlot() {
            made = 0;
        }
    }

    /** @return why the slot is to be dropped before the attempt; then it is made with another slot */
    private Optional<String> begin() {
        Optional<String> found = poison.found(ledger);
        if (found.isPresent()) {
            ledger.anotherSlot();
        }
        poison.begin(ledger);
        return found;
    }

    private Optional<String> attempt(Throwable failure) {
        Optional<String> found = begin();
        assertThat(poison.failed(failure, true)).isEmpty();
        return found;
    }

    @Test
    void anInternalErrorIsOneWhenItComesBackAtTheSamePlace() {
        assertThat(attempt(internal())).isEmpty();
        assertThat(attempt(internal())).isEmpty();
        assertThat(attempt(internal())).isEmpty();
        assertThat(attempt(internal())).contains("log-undecodable");
        assertThat(attempt(internal())).as("the next slot has its own chance").isEmpty();
    }

    /** The last records of a topic are read before it streams. */
    @Test
    void aProcessThatEndsWhileItPreparesIsCounted() {
        for (int i = 0; i < PoisonDetector.MOST_ATTEMPTS; i++) {
            poison = new PoisonDetector("refreshd");
            assertThat(poison.found(ledger)).isEmpty();
            poison.prepare(ledger);
        }
        poison = new PoisonDetector("refreshd");
        assertThat(poison.found(ledger)).contains("log-poisoned");
    }

    @Test
    void anAttemptThatWasPreparedIsCountedOnce() {
        poison.prepare(ledger);
        poison.begin(ledger);
        assertThat(ledger.made()).isEqualTo(1);
        poison.failed(internal(), true);
        poison.prepare(ledger);
        ledger.anotherSlot();
        poison.begin(ledger);
        assertThat(ledger.made()).as("the next slot has its own count").isEqualTo(1);
    }

    @Test
    void whatFailsToPrepareIsForgiven() {
        poison.prepare(ledger);
        poison.closed(ledger);
        assertThat(ledger.made()).isZero();
    }

    @Test
    void anInternalErrorIsNoneWhileTheStreamGetsFurther() {
        attempt(internal());
        attempt(internal());
        begin();
        ledger.furtherThanBefore();
        poison.failed(internal(), true);
        assertThat(attempt(internal())).isEmpty();
        assertThat(attempt(internal())).isEmpty();
        assertThat(attempt(internal())).contains("log-undecodable");
    }

    static Stream<Throwable> whateverTheCause() {
        return Stream.of(
                new OutOfMemoryError(),
                new StackOverflowError(),
                new IllegalStateException("unknown message"),
                new IllegalStateException(new SQLException("invalid byte sequence", "22021")),
                new SQLException("Cannot enlarge string buffer", "54000"),
                new SQLException("out of memory", "53200"),
                new SQLException("could not read file", "58030"));
    }

    @ParameterizedTest
    @MethodSource
    void whateverTheCause(Throwable failure) {
        attempt(failure);
        attempt(failure);
        assertThat(attempt(failure)).isEmpty();
        assertThat(attempt(failure)).contains("log-poisoned");
    }

    @Test
    void theDeathOfTheProcessCounts() {
        for (int process = 0; process < 3; process++) {
            poison = new PoisonDetector("refreshd");
            assertThat(begin()).isEmpty();
        }
        poison = new PoisonDetector("refreshd");
        assertThat(poison.found(ledger)).contains("log-poisoned");
    }

    static Stream<Throwable> aServerThatIsAwayIsNone() {
        return Stream.of(
                new SQLException("terminating connection", "57P01"),
                new IllegalStateException(new SQLException("An I/O error occurred", "08006")),
                new SQLException("the server does not stream"),
                new SQLException("too many connections", "53300"),
                new RuntimeException(new IOException("broken pipe")));
    }

    @ParameterizedTest
    @MethodSource
    void aServerThatIsAwayIsNone(Throwable failure) {
        for (int i = 0; i < 10; i++) {
            assertThat(attempt(failure)).isEmpty();
        }
        attempt(internal());
        assertThat(attempt(internal())).as("nor do outages count before").isEmpty();
    }

    @Test
    void anAttemptThatNeverStreamedIsNone() {
        for (int i = 0; i < 10; i++) {
            assertThat(begin()).isEmpty();
            poison.failed(new IllegalStateException("slot is active"), false);
        }
    }

    @Test
    void anAttemptThatIsEndedOnPurposeIsNone() {
        for (int i = 0; i < 10; i++) {
            poison = new PoisonDetector("refreshd");
            assertThat(begin()).isEmpty();
            poison.closed(ledger);
        }
    }

    @Test
    void aPublicationThatWasNotThereIsOneAtOnce() {
        assertThat(poison.failed(new RuntimeException(new SQLException("\"refreshd\" gibt es nicht", "42704")), true))
                .contains("publication-missing");
        assertThat(poison.failed(new SQLException("slot \"other\" does not exist", "42704"), true))
                .isEqualTo(Optional.empty());
    }

    private static Exception internal() {
        return new IllegalStateException(new SQLException("unexpected duplicate", "XX000"));
    }
}
