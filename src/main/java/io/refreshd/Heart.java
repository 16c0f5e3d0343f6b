package io.refreshd;

import io.refreshd.Pipeline.Progress;
import io.refreshd.ledger.StreamLedger;
import io.refreshd.model.Signal;
import java.time.Instant;
import java.util.function.Supplier;
import org.jdbi.v3.core.Jdbi;

/**
 * One beat: write down how far the stream has come, and put a message behind it.
 *
 * <p>The first lets the slot move, since the ledger promises before the slot is told; the second comes back through the
 * stream, which proves that it is alive and moves the slot of a database in which nothing else happens. Both in one
 * transaction: its commit flushes the message, which would otherwise wait for the WAL writer.
 */
final class Heart {
    private final Jdbi jdbi;
    private final Pipeline pipeline;
    private final Supplier<Instant> clock;

    Heart(Jdbi jdbi, Pipeline pipeline, Supplier<Instant> clock) {
        this.jdbi = jdbi;
        this.pipeline = pipeline;
        this.clock = clock;
    }

    void beat() {
        Progress progress = pipeline.progress();
        jdbi.useTransaction(transaction -> {
            transaction.execute("SET LOCAL synchronous_commit = local");
            StreamLedger.advance(transaction, progress.stretch(), progress.routed());
            transaction.execute(
                    "SELECT pg_logical_emit_message(false, ?, ?)",
                    Signal.PREFIX + Signal.HEARTBEAT,
                    clock.get().toString());
        });
        pipeline.recorded(progress);
    }
}
