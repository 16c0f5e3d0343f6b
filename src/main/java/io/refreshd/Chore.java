package io.refreshd;

import io.refreshd.database.ErrorSummary;
import io.refreshd.model.Failure;
import io.refreshd.model.Moment;
import io.refreshd.observe.RepeatLimit;
import io.refreshd.refresh.SqlStates;
import java.sql.SQLException;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thing that housekeeping does again and again. What fails in it is told, once a minute for as long as it lasts, and does
 * not keep the others from being done. One thread calls it.
 */
final class Chore {
    private static final Logger log = LoggerFactory.getLogger(Chore.class);

    private static final Duration REPEAT_AFTER = Duration.ofMinutes(1);

    private final String name;
    private final Supplier<Moment> clock;
    private RepeatLimit limit = new RepeatLimit(REPEAT_AFTER);
    private String last = "";
    private int failures;

    Chore(String name, Supplier<Moment> clock) {
        this.name = name;
        this.clock = clock;
    }

    interface Work {
        void run() throws Exception;
    }

    void attempt(Work work) throws InterruptedException {
        try {
            work.run();
            succeeded();
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            failed(e);
        }
    }

    /** How often in a row it failed for a reason that is its own, and not that the database was away. */
    int failures() {
        return failures;
    }

    /** Why it failed the last time; empty if it did not. */
    String reason() {
        return last;
    }

    private void succeeded() {
        if (!last.isEmpty()) {
            log.atInfo().addKeyValue("what", name).log("Housekeeping works again");
            limit = new RepeatLimit(REPEAT_AFTER);
        }
        last = "";
        failures = 0;
    }

    private void failed(Exception problem) {
        if (isOutage(problem)) {
            // The supervisor tells of it.
            log.atDebug().addKeyValue("what", name).setCause(problem).log("Housekeeping was cut short");
            return;
        }
        failures++;
        last = ErrorSummary.of(problem);
        OptionalLong heldBack = limit.admit(last, clock.get().nanos());
        if (heldBack.isPresent()) {
            var line = log.atWarn().addKeyValue("what", name).addKeyValue("reason", last);
            (heldBack.getAsLong() == 0 ? line : line.addKeyValue("heldBack", heldBack.getAsLong()))
                    .log("Housekeeping failed");
            log.atDebug().addKeyValue("what", name).setCause(problem).log("Housekeeping failed");
        }
    }

    private static boolean isOutage(Throwable problem) {
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException error) {
                String state = error.getSQLState() == null ? "" : error.getSQLState();
                return new Failure(SqlStates.classify(state), state, "", "").isOutage();
            }
        }
        return false;
    }
}
