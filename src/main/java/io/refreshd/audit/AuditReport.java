package io.refreshd.audit;

import io.refreshd.model.Lsn;
import io.refreshd.model.ViewId;
import java.util.Objects;
import java.util.Optional;

/**
 * The audit of one view.
 *
 * @param snapshot in which view and definition were read, as {@code pg_current_snapshot()} writes it
 * @param position where the log stood just after that: every transaction in the snapshot committed before it
 * @param watermark what the ledger claimed for the view in that snapshot
 * @param detail for people; empty if there is nothing to add
 */
public record AuditReport(
        ViewId view,
        Verdict verdict,
        Difference difference,
        String snapshot,
        Lsn position,
        Optional<Lsn> watermark,
        String detail) {
    public AuditReport {
        Objects.requireNonNull(view);
        Objects.requireNonNull(verdict);
        Objects.requireNonNull(difference);
        Objects.requireNonNull(snapshot);
        Objects.requireNonNull(position);
        Objects.requireNonNull(watermark);
        Objects.requireNonNull(detail);
    }
}
