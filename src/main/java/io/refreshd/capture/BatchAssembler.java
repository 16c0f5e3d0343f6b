package io.refreshd.capture;

import io.refreshd.model.Batch;
import io.refreshd.model.Change;
import io.refreshd.model.Lsn;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes a {@link Batch} of decoded transactions. Pure. */
final class BatchAssembler {
    private final Xid near;
    private final List<Change> changes = new ArrayList<>();
    private final List<Signal> signals = new ArrayList<>();
    private Optional<Instant> newest = Optional.empty();
    private long rows;

    /** @param near a transaction id of about now: from it the ids of the stream, which have 32 bits, get their epoch */
    BatchAssembler(Xid near) {
        this.near = near;
    }

    void add(TransactionBundle bundle) {
        bundle.transactions().forEach(this::add);
    }

    private void add(Captured.Transaction transaction) {
        Xids xids = Xids.of(transaction.xids().stream()
                .mapToLong(xid -> Xid.widen(xid, near).value()));
        for (TableTally tally : transaction.tables()) {
            changes.add(new Change(
                    tally.table(), xids, tally.rows(), tally.columns(), tally.touched(), transaction.first()));
            rows += count(tally.rows());
        }
        if (!transaction.tables().isEmpty()
                && newest.filter(time -> time.isAfter(transaction.last())).isEmpty()) {
            newest = Optional.of(transaction.last());
        }
        signals.addAll(transaction.signals());
        rows += transaction.signals().size();
    }

    private static long count(Map<Operation, Long> rows) {
        return rows.values().stream().mapToLong(Long::longValue).sum();
    }

    Batch assemble(Lsn position) {
        return new Batch(changes, signals, position, (int) Math.min(rows, Integer.MAX_VALUE), newest);
    }
}
