package io.refreshd.capture;

import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.refreshd.model.Batch;
import io.refreshd.model.Lsn;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Xid;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.connect.source.SourceRecord;

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
    private final Delivery delivery;
    private Lsn position;
    private Lsn acknowledged;

    /**
     * @param now a snapshot from before the first record
     * @param start what the slot has confirmed
     */
    BatchConsumer(DebeziumInternals.Run run, BatchHandler handler, Snapshot now, Lsn start) {
        this.run = run;
        this.delivery = new Delivery(handler, now);
        this.position = start;
        this.acknowledged = start;
    }

    Optional<Xid> waitingFor() {
        return delivery.waitingFor();
    }

    @Override
    public void handleBatch(
            List<RecordChangeEvent<SourceRecord>> events,
            DebeziumEngine.RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        Lsn allowed = deliver(assemble(events));
        if (allowed.compareTo(acknowledged) > 0) {
            acknowledged = allowed;
            acknowledge(acknowledged, events.getLast(), committer);
        }
    }

    private Batch assemble(List<RecordChangeEvent<SourceRecord>> events) {
        BatchAssembler assembler = new BatchAssembler(delivery.newest().xmax());
        for (RecordChangeEvent<SourceRecord> event : events) {
            position = position.max(run.positionOf(event.record()));
            run.bundleOf(event.record()).ifPresent(assembler::add);
        }
        return assembler.assemble(position);
    }

    private Lsn deliver(Batch batch) throws InterruptedException {
        try {
            return delivery.deliver(batch);
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
