package io.refreshd.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Lsn;
import java.sql.SQLException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PoisonDetectorTest {
    private static final Lsn HERE = new Lsn(100);
    private static final Lsn FURTHER = new Lsn(200);

    private final PoisonDetector poison = new PoisonDetector("refreshd");

    @Test
    void anInternalErrorIsOneWhenItComesBackAtTheSamePlace() {
        assertThat(poison.failed(internal(), HERE)).isEmpty();
        assertThat(poison.failed(internal(), HERE)).isEmpty();
        assertThat(poison.failed(internal(), HERE)).contains("log-undecodable");
        assertThat(poison.failed(internal(), HERE))
                .as("the next slot has its own chance")
                .isEmpty();
    }

    @Test
    void anInternalErrorIsNoneWhileTheStreamGetsFurther() {
        poison.failed(internal(), HERE);
        poison.failed(internal(), HERE);
        assertThat(poison.failed(internal(), FURTHER)).isEmpty();
        assertThat(poison.failed(internal(), FURTHER)).isEmpty();
        assertThat(poison.failed(internal(), FURTHER)).contains("log-undecodable");
    }

    @Test
    void aServerThatIsAwayIsNone() {
        for (int i = 0; i < 10; i++) {
            assertThat(poison.failed(new SQLException("terminating connection", "57P01"), HERE))
                    .isEmpty();
            assertThat(poison.failed(new IllegalStateException("no SQL at all"), HERE))
                    .isEmpty();
        }
    }

    @Test
    void aPublicationThatWasNotThereIsOneAtOnce() {
        assertThat(poison.failed(new RuntimeException(new SQLException("\"refreshd\" gibt es nicht", "42704")), HERE))
                .contains("publication-missing");
        assertThat(poison.failed(new SQLException("slot \"other\" does not exist", "42704"), HERE))
                .isEqualTo(Optional.empty());
    }

    private static Exception internal() {
        return new IllegalStateException(new SQLException("unexpected duplicate", "XX000"));
    }
}
