package io.refreshd.ingest;

import io.refreshd.capture.Heartbeat;
import io.refreshd.model.Batch;
import io.refreshd.model.Change;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Operation;
import io.refreshd.model.TableId;
import io.refreshd.report.Notice;
import io.refreshd.routing.Routing;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Reports each batch: notices to the listener, its commit time to the low watermark, and the position that has been read to callers that
 * wait for it.
 *
 * <p>Thread: {@link #report} is called by the capture thread; any thread may ask.
 */
final class BatchReporter {
    private final LowWatermark watermark;
    private final Consumer<Notice> listener;
    private final Supplier<Moment> clock;

    private Optional<Instant> lastBatch = Optional.empty();
    private Lsn reached = Lsn.ZERO;

    BatchReporter(LowWatermark watermark, Consumer<Notice> listener, Supplier<Moment> clock) {
        this.watermark = watermark;
        this.listener = listener;
        this.clock = clock;
    }

    void report(Batch batch, Routing routing) {
        Instant now = clock.get().wall();
        synchronized (this) {
            lastBatch = Optional.of(now);
            reached = reached.max(batch.position());
        }
        Optional<Instant> newest = newest(batch);
        newest.ifPresent(written -> watermark.committed(batch.position(), written));
        newest.map(written -> Duration.between(written, now))
                .map(lag -> lag.isNegative() ? Duration.ZERO : lag)
                .ifPresent(lag -> listener.accept(new Notice.BatchRead(batch.records(), lag)));
        rows(batch)
                .forEach((table, counts) -> counts.forEach(
                        (operation, count) -> listener.accept(new Notice.RowsChanged(table, operation, count))));
        routing.avoided().forEach(listener);
    }

    private static Map<TableId, Map<Operation, Long>> rows(Batch batch) {
        Map<TableId, Map<Operation, Long>> rows = new LinkedHashMap<>();
        for (Change change : batch.changes()) {
            Map<Operation, Long> ofTable =
                    rows.computeIfAbsent(change.table(), table -> new EnumMap<>(Operation.class));
            change.rows().forEach((operation, count) -> ofTable.merge(operation, count, Long::sum));
        }
        return rows;
    }

    /** When the newest of what the batch holds was written, by the server's clock. */
    private static Optional<Instant> newest(Batch batch) {
        return Stream.concat(
                        batch.newest().stream(),
                        batch.signals().stream().flatMap(signal -> Heartbeat.emittedAt(signal).stream()))
                .max(Comparator.naturalOrder());
    }

    /** A new run has not read anything yet. */
    synchronized void begin() {
        lastBatch = Optional.empty();
    }

    /** When this run read its last batch, heartbeats included: the proof that the stream is alive. Empty before the first. */
    synchronized Optional<Instant> lastBatch() {
        return lastBatch;
    }

    /** How far the log has ever been read. A run that reads the same part again does not move it. */
    synchronized Lsn reached() {
        return reached;
    }
}
