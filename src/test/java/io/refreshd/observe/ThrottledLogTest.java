package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Moment;
import io.refreshd.testing.Captured;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

class ThrottledLogTest {
    private static final Logger LOG = LoggerFactory.getLogger(ThrottledLogTest.class);
    private final Captured captured = new Captured(ThrottledLogTest.class);
    private Moment now = Samples.MOMENT;
    private final ThrottledLog warnings = new ThrottledLog(LOG, () -> now);

    @AfterEach
    void release() {
        captured.close();
    }

    @Test
    void writesTheFirstThenOneAMinuteWithTheNumberHeldBackAsTheLastKey() {
        for (int second = 0; second <= 60; second++) {
            warn("a");
            now = now.plus(Duration.ofSeconds(1));
        }
        assertThat(captured.lines()).containsExactly("WARN Failed what=a", "WARN Failed what=a heldBack=59");
    }

    @Test
    void saysWhetherTheLineWasWritten() {
        assertThat(warn("a")).isTrue();
        assertThat(warn("a")).isFalse();
    }

    @Test
    void subjectsAndMessagesAreLimitedApart() {
        assertThat(warn("role_1")).isTrue();
        assertThat(warn("role_2")).isTrue();
        assertThat(warnings.warn("Late", "role_1", UnaryOperator.identity())).isTrue();
    }

    @Test
    void theFirstLineAfterRecoveryIsWrittenAtOnceAndWithoutACount() {
        warn("a");
        warn("a");
        warn("b");
        warnings.over("a");
        assertThat(warn("a")).isTrue();
        assertThat(warn("b")).isFalse();
        warnings.over();
        assertThat(warn("b")).isTrue();
        assertThat(captured.lines())
                .containsExactly(
                        "WARN Failed what=a", "WARN Failed what=b", "WARN Failed what=a", "WARN Failed what=b");
    }

    @Test
    void onceMeansOnceForAsLongAsTheSubjectIsKept() {
        ThrottledLog once = ThrottledLog.once(LOG);
        for (String view : List.of("a", "b", "a")) {
            once.warn("Not as declared", view, line -> line.addKeyValue("view", view));
        }
        once.keepOnly(List.of("b"));
        for (String view : List.of("a", "b")) {
            once.warn("Not as declared", view, line -> line.addKeyValue("view", view));
        }
        assertThat(captured.lines())
                .containsExactly(
                        "WARN Not as declared view=a", "WARN Not as declared view=b", "WARN Not as declared view=a");
    }

    @Test
    void aSentenceWithoutItsNumbersIsOneSubject() {
        assertThat(ThrottledLog.withoutNumbers("refused by 10.0.0.9:5432"))
                .isEqualTo(ThrottledLog.withoutNumbers("refused by 10.0.0.7:54321"));
    }

    private boolean warn(String subject) {
        return warnings.warn("Failed", subject, (LoggingEventBuilder line) -> line.addKeyValue("what", subject));
    }
}
