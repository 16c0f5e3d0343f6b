package io.refreshd.audit;

import io.refreshd.ledger.ViewMark;
import java.util.Optional;

/**
 * Decides whether a difference is a fault. Pure.
 *
 * <p>A clean row in the ledger does not say that the view holds everything: a transaction may be visible and not read from the
 * log yet. So the ledger is looked at twice: in the snapshot that was compared, and once the log has been read beyond that
 * snapshot. A change that the view lacks has left a newer mark by then. If the row is the same, refreshd missed something.
 */
final class Judgement {
    private Judgement() {}

    /**
     * @param before the ledger's row in the snapshot that was compared
     * @param after the same row after the log has been read beyond that snapshot; empty if it has not been
     */
    static Verdict of(Difference difference, Optional<ViewMark> before, Optional<ViewMark> after) {
        if (difference.none()) {
            return Verdict.EQUAL;
        }
        if (before.isEmpty()) {
            return Verdict.UNEXPLAINED;
        }
        ViewMark then = before.get();
        if (then.dirty()) {
            return Verdict.PENDING;
        }
        if (then.untracked()) {
            return Verdict.UNTRACKED;
        }
        if (after.isEmpty()) {
            return Verdict.UNEXPLAINED;
        }
        return after.get().sameNeeds(then) ? Verdict.DRIFT : Verdict.PENDING;
    }
}
