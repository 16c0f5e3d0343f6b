package io.refreshd.stream;

import io.refreshd.database.ErrorSummary;
import io.refreshd.model.Moment;
import io.refreshd.observe.ThrottledLog;
import io.refreshd.report.StreamPhase;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs outages of the stream: the first failure of a kind at once, then one line a minute while it lasts, and one line on recovery.
 * Standing by is not a failure, and is logged once.
 *
 * <p>Thread: any.
 */
final class OutageLog {
    private static final Logger log = LoggerFactory.getLogger(OutageLog.class);

    private final ThrottledLog warnings;
    private long failures;
    private boolean waited;
    private boolean standingBy;

    OutageLog(Supplier<Moment> clock) {
        this.warnings = new ThrottledLog(log, clock);
    }

    /** An attempt failed. @param shown gets the sentence that describes the failure, without the server's words */
    synchronized void failed(Throwable problem, Consumer<String> shown) {
        String sentence = ErrorSummary.withoutValues(problem);
        shown.accept(sentence);
        failures++;
        warn("Not streaming; trying again", sentence);
        log.atDebug().setCause(problem).log("Not streaming");
    }

    /** An attempt has come to this phase, or waits for what {@code detail} says. */
    synchronized void phase(StreamPhase phase, String detail) {
        if (phase == StreamPhase.STANDBY) {
            if (!standingBy) {
                log.atInfo().addKeyValue("reason", detail).log("Standing by");
            }
            standingBy = true;
        } else if (!detail.equals(StreamAttempt.PREPARING) && !detail.equals(StartTurn.WAITING)) {
            waited = true;
            warn("Waiting", detail);
        }
    }

    /** The stream is running again. */
    synchronized void recovered() {
        if (failures > 0 || waited || standingBy) {
            log.atInfo().addKeyValue("failures", failures).log("Streaming again");
            warnings.over();
            failures = 0;
            waited = false;
            standingBy = false;
        }
    }

    /** Numbers do not make another kind: ports, process ids and seconds differ each time. */
    private void warn(String message, String sentence) {
        warnings.warn(message, ThrottledLog.withoutNumbers(sentence), line -> line.addKeyValue("reason", sentence));
    }
}
