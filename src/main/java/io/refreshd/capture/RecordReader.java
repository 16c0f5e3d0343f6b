package io.refreshd.capture;

import io.refreshd.model.Batch;
import io.refreshd.model.Change;
import io.refreshd.model.Lsn;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/** Makes a batch of Debezium's records. Pure. */
final class RecordReader {
    /** Where Debezium keeps the end of the last transaction that it has handed over whole. */
    static final String LAST_COMMIT = "lsn_commit";

    private RecordReader() {}

    /**
     * @param near a transaction id of about now, to give those of the stream their epoch
     * @param before the position before these records
     */
    static Batch read(List<SourceRecord> records, Xid near, Lsn before) {
        List<Change> changes = new ArrayList<>();
        List<Signal> signals = new ArrayList<>();
        Lsn position = before;
        Optional<Instant> newest = Optional.empty();
        long rows = 0;
        for (SourceRecord record : records) {
            position = position.max(positionOf(record));
            if (!(record.value() instanceof Struct value) || value.schema().field("message") == null) {
                continue;
            }
            Struct message = value.getStruct("message");
            String prefix = message.getString("prefix");
            byte[] content = bytes(message.get("content"));
            if (prefix.equals(TransactionCodec.PREFIX)) {
                for (Captured.Transaction transaction : TransactionCodec.decode(content)) {
                    Xids xids = widened(transaction.xids(), near);
                    for (TableTally tally : transaction.tables()) {
                        changes.add(new Change(
                                tally.table(),
                                xids,
                                tally.rows(),
                                tally.columns(),
                                tally.touched(),
                                transaction.first()));
                        rows += count(tally.rows());
                    }
                    if (!transaction.tables().isEmpty()
                            && newest.filter(time -> time.isAfter(transaction.last()))
                                    .isEmpty()) {
                        newest = Optional.of(transaction.last());
                    }
                    signals.addAll(transaction.signals());
                    rows += transaction.signals().size();
                }
            }
        }
        return new Batch(changes, signals, position, (int) Math.min(rows, Integer.MAX_VALUE), newest);
    }

    private static Xids widened(List<Long> xids, Xid near) {
        return Xids.of(xids.stream().mapToLong(xid -> Xid.widen(xid, near).value()));
    }

    private static Lsn positionOf(SourceRecord record) {
        return record.sourceOffset().get(LAST_COMMIT) instanceof Number commit ? new Lsn(commit.longValue()) : Lsn.ZERO;
    }

    private static long count(Map<Operation, Long> rows) {
        return rows.values().stream().mapToLong(Long::longValue).sum();
    }

    private static byte[] bytes(Object content) {
        if (content instanceof byte[] bytes) {
            return bytes;
        }
        ByteBuffer buffer = ((ByteBuffer) content).duplicate();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
