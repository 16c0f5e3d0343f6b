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

/**
 * The consumer of Debezium's records: it passes them to the handler, and acknowledges to Debezium what the handler allows.
 *
 * <p>Thread: the engine's polling thread; {@link #waitingFor} any thread.
 */
final class BatchConsumer implements DebeziumEngine.ChangeConsumer<RecordChangeEvent<SourceRecord>> {

    /** Carries a checked exception of the handler through Debezium's interface, which lets nothing checked pass. */
    static final class HandlerFailed extends RuntimeException {
        private static final long serialVersionUID = 1;

        HandlerFailed(Exception cause) {
            super(cause);
        }
    }

    private final DebeziumInternals.Run run;
    private final BatchHandler handler;
    private final Acknowledger acknowledger = new Acknowledger();
    private Snapshot newest;
    private Lsn position;
    private Lsn acknowledged;
    private volatile @Nullable Xid waitingFor;

    /**
     * @param now a snapshot from before the first record
     * @param start what the slot has confirmed
     */
    BatchConsumer(DebeziumInternals.Run run, BatchHandler handler, Snapshot now, Lsn start) {
        this.run = run;
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
        Batch batch = assemble(events);
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

    private Batch assemble(List<RecordChangeEvent<SourceRecord>> events) {
        BatchAssembler assembler = new BatchAssembler(newest.xmax());
        for (RecordChangeEvent<SourceRecord> event : events) {
            position = position.max(run.positionOf(event.record()));
            run.bundleOf(event.record()).ifPresent(assembler::add);
        }
        return assembler.assemble(position);
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

    /** @param any a record whose partition is used: all records are of the same partition */
    private static void acknowledge(
            Lsn reached,
            RecordChangeEvent<SourceRecord> any,
            DebeziumEngine.RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        DebeziumEngine.Offsets offsets = committer.buildOffsets();
        DebeziumInternals.offset(reached).forEach(offsets::set);
        committer.markProcessed(any, offsets);
        committer.markBatchFinished();
    }
}
