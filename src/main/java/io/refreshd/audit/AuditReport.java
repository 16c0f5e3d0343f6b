package io.refreshd.audit;

import io.refreshd.model.Lsn;
import io.refreshd.model.ViewId;
import java.util.Objects;
import java.util.Optional;

/**
 * The result of the audit of one view.
 *
 * @param snapshot in which view and definition were read, in the text form of {@code pg_current_snapshot()}
 * @param position end of the log just after the snapshot was taken: every transaction that the snapshot sees committed before it
 * @param watermark what the ledger claimed for the view in that snapshot
 * @param detail reason for the verdict, for people to read; may be empty
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

    AuditReport with(Verdict other, String reason) {
        return new AuditReport(view, other, difference, snapshot, position, watermark, reason);
    }
}
