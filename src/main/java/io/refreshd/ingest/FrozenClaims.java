package io.refreshd.ingest;

import io.refreshd.ledger.FrozenViews;
import io.refreshd.ledger.LeasedLedger;
import io.refreshd.model.ViewId;
import io.refreshd.schedule.Event;
import io.refreshd.schedule.EventLoop;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * The views whose watermark must not advance while a running transaction alters or locks what they read, or until the catalog is compared
 * again after they were altered. Those of other views do.
 *
 * <p>Invariant: a view is frozen in the ledger, and the event loop is told, before a position is claimed that does not hold for the
 * view. It is thawed only by a check of the catalog that says {@code UNCHANGED}, or finds the same version of the view
 * ({@link WatermarkWriter#claim}), and does not name the view.
 *
 * <p>Thread: in turn with batches, like the swap of the routing table.
 */
final class FrozenClaims {
    private static final String ALTERED =
            "nothing newer than the watermark is claimed until the catalog is compared again:"
                    + " the view, or something that it reads, was altered a moment ago";

    private final LeasedLedger ledger;
    private final LowWatermark watermark;
    private final EventLoop loop;

    /** The views that {@link #set} froze last, with the reasons; empty if the ledger may hold others. */
    private Optional<Map<ViewId, String>> applied = Optional.empty();

    FrozenClaims(LeasedLedger ledger, LowWatermark watermark, EventLoop loop) {
        this.ledger = ledger;
        this.watermark = watermark;
        this.loop = loop;
    }

    /**
     * Freezes these views and no others. Writes only if that differs from the call before.
     *
     * @param inFlux views of which a running transaction alters something, with its name
     * @param altered views that were altered a moment ago
     */
    void set(Map<ViewId, String> inFlux, Set<ViewId> altered) {
        Map<ViewId, String> reasons = new HashMap<>();
        altered.forEach(view -> reasons.put(view, ALTERED));
        reasons.putAll(reasons(inFlux));
        if (applied.equals(Optional.of(reasons))) {
            return;
        }
        ledger.write(transaction -> {
            freeze(transaction, reasons);
            FrozenViews.thawAllBut(transaction, reasons.keySet());
            tell(transaction);
        });
        applied = Optional.of(Map.copyOf(reasons));
    }

    /**
     * Freezes these views too, within the caller's transaction. For another catalog: its views must not claim what was claimed by the
     * former catalog for views that do not read what is in flux.
     */
    void add(Handle transaction, Map<ViewId, String> inFlux) {
        applied = Optional.empty();
        freeze(transaction, reasons(inFlux));
        tell(transaction);
    }

    private void freeze(Handle transaction, Map<ViewId, String> reasons) {
        LowWatermark.Position claimed = watermark.claimed();
        FrozenViews.freeze(transaction, reasons, claimed.lsn(), watermark.commitTime(claimed.lsn()));
    }

    private static Map<ViewId, String> reasons(Map<ViewId, String> inFlux) {
        Map<ViewId, String> reasons = new HashMap<>();
        inFlux.forEach((view, object) -> reasons.put(
                view,
                "nothing newer than the watermark is claimed: another session has altered or locked " + object
                        + ", which the view depends on, and its transaction has not ended"));
        return reasons;
    }

    /** Before the commit: what the loop holds to be frozen by mistake is thawed by the next check. */
    private void tell(Handle transaction) {
        loop.post(new Event.ClaimsFrozen(FrozenViews.load(transaction)));
    }
}
