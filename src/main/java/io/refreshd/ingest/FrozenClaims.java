package io.refreshd.ingest;

import io.refreshd.ledger.FrozenViews;
import io.refreshd.ledger.LeasedLedger;
import io.refreshd.model.ViewId;
import io.refreshd.schedule.Event;
import io.refreshd.schedule.EventLoop;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The views whose watermark must not advance while a running transaction alters or locks what they read. Those of other views do.
 *
 * <p>Invariant: a view is frozen in the ledger, and the event loop is told, before a position is claimed that does not hold for the
 * view. It is thawed only by a check of the catalog that says {@code UNCHANGED}, or finds the same structure ({@link WatermarkWriter#claim}),
 * and does not name the view.
 *
 * <p>Thread: in turn with batches, like the swap of the routing table.
 */
final class FrozenClaims {
    private final LeasedLedger ledger;
    private final LowWatermark watermark;
    private final EventLoop loop;

    /** The views that {@link #set} froze last; empty if the ledger may hold others. */
    private Optional<Map<ViewId, String>> applied = Optional.empty();

    FrozenClaims(LeasedLedger ledger, LowWatermark watermark, EventLoop loop) {
        this.ledger = ledger;
        this.watermark = watermark;
        this.loop = loop;
    }

    /** Freezes these views and no others. Writes only if that differs from the call before. */
    void set(Map<ViewId, String> inFlux) {
        if (applied.equals(Optional.of(inFlux))) {
            return;
        }
        ledger.write(transaction -> {
            freeze(transaction, inFlux);
            FrozenViews.thawAllBut(transaction, inFlux.keySet());
            tell(transaction);
        });
        applied = Optional.of(Map.copyOf(inFlux));
    }

    /**
     * Freezes these views too, within the caller's transaction. For another catalog: its views must not claim what was claimed by the
     * former catalog for views that do not read what is in flux.
     */
    void add(Handle transaction, Map<ViewId, String> inFlux) {
        applied = Optional.empty();
        freeze(transaction, inFlux);
        tell(transaction);
    }

    private void freeze(Handle transaction, Map<ViewId, String> inFlux) {
        LowWatermark.Position claimed = watermark.claimed();
        Map<ViewId, String> reasons = new HashMap<>();
        inFlux.forEach((view, relation) -> reasons.put(view, reason(relation)));
        FrozenViews.freeze(transaction, reasons, claimed.lsn(), watermark.commitTime(claimed.lsn()));
    }

    private static String reason(String relation) {
        return "nothing newer than the watermark is claimed: another session has altered or locked " + relation
                + ", which the view depends on, and its transaction has not ended";
    }

    /** Before the commit: what the loop holds to be frozen by mistake is thawed by the next check. */
    private void tell(Handle transaction) {
        loop.post(new Event.ClaimsFrozen(FrozenViews.load(transaction)));
    }
}
