package io.refreshd.cli;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/**
 * Says once a second how long a step has taken, and how far its index is, which a connection of its own asks the server. The
 * server tells nothing of how far a view's query is.
 */
final class StepProgress implements AutoCloseable {
    private static final long PAUSE_MILLIS = 1_000;

    private final TargetDatabase database;
    private final int process;
    private final String step;
    private final ProgressLine line;
    private @Nullable Thread follower;

    /** @param process of the server, which does the step */
    StepProgress(TargetDatabase database, int process, String step, ProgressLine line) {
        this.database = database;
        this.process = process;
        this.step = step;
        this.line = line;
    }

    StepProgress start() {
        if (line.visible()) {
            follower = Thread.ofVirtual().start(this::follow);
        }
        return this;
    }

    private void follow() {
        long begun = System.nanoTime();
        try (Handle handle = database.open()) {
            while (!Thread.currentThread().isInterrupted()) {
                Duration taken = Duration.ofNanos(System.nanoTime() - begun);
                line.show(step
                        + StatusText.span(taken)
                        + index(handle).map(phase -> ", " + phase).orElse(""));
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        } catch (SQLException | JdbiException unknown) {
            // The step goes on without being followed, and tells itself what became of it.
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
        if (follower != null) {
            follower.interrupt();
            follower.join();
        }
        line.clear();
    }
}
