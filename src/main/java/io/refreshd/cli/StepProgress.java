package io.refreshd.cli;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/**
 * Shows the progress of a step of {@code apply} once a second: the elapsed time, and the phase of the index that is being built. It
 * asks the server over a connection of its own. PostgreSQL does not report how far a view's query is.
 *
 * <p>Thread: one virtual thread of its own, which {@link #close()} ends.
 */
final class StepProgress implements AutoCloseable {
    private static final long PAUSE_MILLIS = 1_000;

    private final TargetDatabase database;
    private final int process;
    private final String step;
    private final ProgressLine line;
    private @Nullable Thread poller;

    /** @param process id of the backend that runs the step */
    StepProgress(TargetDatabase database, int process, String step, ProgressLine line) {
        this.database = database;
        this.process = process;
        this.step = step;
        this.line = line;
    }

    StepProgress start() {
        if (line.visible()) {
            poller = Thread.ofVirtual().start(this::poll);
        }
        return this;
    }

    private void poll() {
        long start = System.nanoTime();
        try (Handle handle = database.open()) {
            while (!Thread.currentThread().isInterrupted()) {
                Duration taken = Duration.ofNanos(System.nanoTime() - start);
                line.show(step
                        + StatusText.span(taken)
                        + index(handle).map(phase -> ", " + phase).orElse(""));
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        } catch (SQLException | JdbiException unknown) {
            // Only the display ends. The step goes on, and reports its own failure.
        }
    }

    private Optional<String> index(Handle handle) {
        return handle.createQuery("""
                        SELECT coalesce(c.relname || ': ', '') || p.phase
                               || coalesce(' ' || 100 * p.blocks_done / nullif(p.blocks_total, 0) || ' %',
                                           ' ' || 100 * p.tuples_done / nullif(p.tuples_total, 0) || ' %', '')
                        FROM pg_catalog.pg_stat_progress_create_index p
                        LEFT JOIN pg_catalog.pg_class c ON c.oid = p.index_relid
                        WHERE p.pid = :pid
                        """).bind("pid", process).mapTo(String.class).findOne();
    }

    @Override
    public void close() throws InterruptedException {
        if (poller != null) {
            poller.interrupt();
            poller.join();
        }
        line.clear();
    }
}
