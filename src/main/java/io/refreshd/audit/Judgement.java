package io.refreshd.audit;

import io.refreshd.ledger.ViewMark;
import java.util.Optional;

/**
 * Decides whether a difference is a fault of refreshd. Pure.
 *
 * <p>A clean row in the ledger does not mean that the view holds everything: a transaction may be visible before the daemon has
 * read it from the log. So the ledger row is read twice: in the snapshot of the comparison, and after the daemon has read the
 * log beyond that snapshot. By then, every change that the view lacks has left a newer mark. If the two readings are equal,
 * refreshd missed a change.
 */
final class Judgement {
    private Judgement() {}

    /**
     * @param before the ledger row in the snapshot of the comparison; empty if the ledger does not know the view
     * @param after the ledger row after the daemon has read the log beyond that snapshot; empty if it has not done so
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
