package io.refreshd.ingest;

import io.refreshd.ledger.DirtyMarks;
import io.refreshd.ledger.LeasedLedger;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import io.refreshd.schedule.Action;
import io.refreshd.schedule.Event;
import io.refreshd.schedule.EventLoop;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * Makes dirty marks durable: writes them to the ledger, then tells the event loop.
 *
 * <p>Invariant: the loop hears {@link Event.Marked} only after the commit. What is acknowledged to the server is marked durably
 * before.
 */
public final class MarkWriter {
    private final LeasedLedger ledger;
    private final LowWatermark watermark;
    private final EventLoop loop;
    private final Supplier<Moment> clock;

    MarkWriter(LeasedLedger ledger, LowWatermark watermark, EventLoop loop, Supplier<Moment> clock) {
        this.ledger = ledger;
        this.watermark = watermark;
        this.loop = loop;
        this.clock = clock;
    }

    /** Hands the event to the loop and makes the mark that it leads to durable, if any; the views are dirty since now. */
    public void writeMarksOf(Event event) throws InterruptedException {
        Optional<Action.Mark> mark = loop.ask(event);
        if (mark.isPresent()) {
            Instant now = clock.get().wall();
            write(mark.get(), mark.get().views().stream().collect(Collectors.toMap(view -> view, view -> now)));
        }
    }

    /**
     * Writes a mark.
     *
     * @param since commit time of the oldest change that each view lacks
     * @return a snapshot read with the mark
     */
    Snapshot write(Action.Mark mark, Map<ViewId, Instant> since) {
        Map<ViewId, Instant> rows = mark.views().stream()
                .collect(Collectors.toMap(view -> view, view -> since.getOrDefault(view, Instant.EPOCH)));
        Lsn claimed = watermark.claimed().lsn();
        // On a standby the mark is worth nothing: the other timeline makes every view dirty there.
        Snapshot snapshot = ledger.jdbi()
                .withHandle(handle -> DirtyMarks.write(
                        handle,
                        ledger.lease(),
                        mark.number(),
                        rows,
                        mark.invalidated(),
                        claimed,
                        watermark.commitTime(claimed)));
        loop.post(new Event.Marked(mark.number(), mark.views()));
        return snapshot;
    }

    /** A snapshot of the present. */
    Snapshot snapshot() {
        return ledger.jdbi().withHandle(MarkWriter::snapshot);
    }

    public static Snapshot snapshot(Handle handle) {
        return Snapshot.parse(handle.createQuery("SELECT pg_catalog.pg_current_snapshot()::text")
                .mapTo(String.class)
                .one());
    }
}
