package io.refreshd;

import io.refreshd.database.ErrorSummary;
import io.refreshd.model.Moment;
import io.refreshd.observe.RepeatLimit;
import io.refreshd.report.StreamPhase;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells about the stream's failures so that a log can be read: the first of a kind, one a minute for as long as it lasts, and
 * the recovery. Standing by is no failure, and is told once.
 */
final class Outages {
    private static final Logger log = LoggerFactory.getLogger(Outages.class);

    private static final Duration REPEAT_AFTER = Duration.ofMinutes(1);

    private final Supplier<Moment> clock;
    private RepeatLimit limit = new RepeatLimit(REPEAT_AFTER);
    private long failures;
    private boolean waited;
    private boolean stoodBy;

    Outages(Supplier<Moment> clock) {
        this.clock = clock;
    }

    /** @param shown gets the sentence that describes the failure */
    synchronized void failed(Exception problem, Consumer<String> shown) {
        String sentence = ErrorSummary.of(problem);
        shown.accept(sentence);
        failures++;
        warn("Not streaming; trying again", sentence);
        log.atDebug().setCause(problem).log("Not streaming");
    }

    /** How far an attempt has come, or what it waits for. */
    synchronized void at(StreamPhase phase, String detail) {
        if (phase == StreamPhase.STANDBY) {
            if (!stoodBy) {
                log.atInfo().addKeyValue("reason", detail).log("Standing by");
            }
            stoodBy = true;
        } else if (!detail.equals(StreamSupervisor.PREPARING)) {
            waited = true;
            warn("Waiting", detail);
        }
    }

    synchronized void over() {
        if (failures > 0 || waited || stoodBy) {
            log.atInfo().addKeyValue("failures", failures).log("Streaming again");
            limit = new RepeatLimit(REPEAT_AFTER);
            failures = 0;
            waited = false;
            stoodBy = false;
        }
    }

    /** Numbers tell no two kinds apart: ports, process ids and seconds differ each time. */
    private void warn(String message, String sentence) {
        OptionalLong heldBack = limit.admit(
                List.of(message, sentence.replaceAll("\\d+", "#")), clock.get().nanos());
        if (heldBack.isEmpty()) {
            return;
        }
        var line = log.atWarn().addKeyValue("reason", sentence);
        (heldBack.getAsLong() == 0 ? line : line.addKeyValue("heldBack", heldBack.getAsLong())).log(message);
    }
}
