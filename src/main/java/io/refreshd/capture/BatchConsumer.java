package io.refreshd.capture;

import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.refreshd.model.Batch;
import io.refreshd.model.Lsn;
import io.refreshd.model.Receipt;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Xid;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/** Takes Debezium's records to the handler and acknowledgements back. Called by the engine's polling thread only. */
final class BatchConsumer implements DebeziumEngine.ChangeConsumer<RecordChangeEvent<SourceRecord>> {

    /** Carries what the handler threw through an interface that lets nothing checked pass. */
    static final class HandlerFailed extends RuntimeException {
        private static final long serialVersionUID = 1;

        HandlerFailed(Exception cause) {
            super(cause);
        }
    }

    private final BatchHandler handler;
    private final Acknowledger acknowledger = new Acknowledger();
    private Snapshot newest;
    private Lsn position;
    private Lsn acknowledged;
    private volatile @Nullable Xid waitingFor;

    BatchConsumer(BatchHandler handler, Snapshot now, Lsn start) {
        this.handler = handler;
        this.newest = now;
        this.position = start;
        this.acknowledged = start;
    }

    Optional<Xid> waitingFor() {
        return Optional.ofNullable(waitingFor);
    }

    @Override
    public void handleBatch(
            List<RecordChangeEvent<SourceRecord>> events,
            DebeziumEngine.RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        List<SourceRecord> records =
                events.stream().map(RecordChangeEvent::record).toList();
        Batch batch = RecordReader.read(records, newest.xmax(), position);
        position = batch.position();
        Receipt receipt = handle(batch);
        newest = receipt.snapshot();
        Optional<Lsn> reached = acknowledger.offer(position, batch.xids(), newest);
        waitingFor = acknowledger.waitingFor().orElse(null);
        reached.ifPresent(routed -> handler.routedTo(routed, newest));
        if (receipt.acknowledged().compareTo(acknowledged) > 0) {
            acknowledged = receipt.acknowledged();
            acknowledge(acknowledged, events.getLast(), committer);
        }
    }

    private Receipt handle(Batch batch) throws InterruptedException {
        try {
            return handler.handle(batch);
        } catch (InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new HandlerFailed(e);
        }
    }

    /** @param any lends its partition: all records are of the same one */
    private static void acknowledge(
            Lsn reached,
            RecordChangeEvent<SourceRecord> any,
            DebeziumEngine.RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        DebeziumEngine.Offsets offsets = committer.buildOffsets();
        offsets.set("lsn", reached.value());
        offsets.set("lsn_proc", reached.value());
        offsets.set(RecordReader.LAST_COMMIT, reached.value());
        committer.markProcessed(any, offsets);
        committer.markBatchFinished();
    }
}
