package io.refreshd.daemon;

import io.refreshd.database.ErrorSummary;
import io.refreshd.model.Failure;
import io.refreshd.model.Moment;
import io.refreshd.model.Remedy;
import io.refreshd.observe.ThrottledLog;
import io.refreshd.refresh.SqlStates;
import io.refreshd.report.Notice;
import java.sql.SQLException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A task that is done again and again. A failure is logged at once, then once a minute while it lasts, and does not keep other tasks
 * from being done.
 *
 * <p>Thread: one thread.
 */
final class PeriodicTask {
    private static final Logger log = LoggerFactory.getLogger(PeriodicTask.class);

    private final String name;
    private final Consumer<Notice> listener;
    private final ThrottledLog warnings;
    private String last = "";
    private int failures;

    /** @param listener hears of errors that must not happen; throws nothing */
    PeriodicTask(String name, Consumer<Notice> listener, Supplier<Moment> clock) {
        this.name = name;
        this.listener = listener;
        this.warnings = new ThrottledLog(log, clock);
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
        } catch (OutOfMemoryError e) {
            // Nothing is known of the other parts: the thread reports it.
            throw e;
        } catch (Exception | Error e) {
            failed(e);
        }
    }

    /** How often in a row the task failed, outages of the database not counted. */
    int failures() {
        return failures;
    }

    /** Why the task failed the last time, without the server's words; empty if it did not. */
    String reason() {
        return last;
    }

    private void succeeded() {
        if (!last.isEmpty()) {
            log.atInfo().addKeyValue("task", name).log("A periodic task works again");
            warnings.over();
        }
        last = "";
        failures = 0;
    }

    private void failed(Throwable problem) {
        if (isOutage(problem)) {
            // The supervisor logs an outage of the database.
            log.atDebug().addKeyValue("task", name).setCause(problem).log("A periodic task was cut short");
            return;
        }
        if (problem instanceof Error) {
            listener.accept(new Notice.ErrorCaught("refreshd task " + name, problem));
        }
        failures++;
        last = ErrorSummary.withoutValues(problem);
        String sentence = ErrorSummary.of(problem);
        boolean written = warnings.warn(
                "A periodic task failed",
                sentence,
                line -> line.addKeyValue("task", name).addKeyValue("reason", sentence));
        if (written) {
            log.atDebug().addKeyValue("task", name).setCause(problem).log("A periodic task failed");
        }
    }

    private static boolean isOutage(Throwable problem) {
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException error) {
                String state = error.getSQLState() == null ? "" : error.getSQLState();
                return new Failure(SqlStates.classify(state), state, "", Remedy.NONE).isOutage();
            }
        }
        return false;
    }
}
