package io.refreshd.capture;

import io.refreshd.model.Snapshot;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Decides up to which place everything counts as routed: in order, and only past transactions that a snapshot sees. With synchronous
 * replication a transaction may be in the log long before anybody sees it. Pure.
 *
 * <p>Thread: the one that calls the handler.
 *
 * @param <P> what tells how far was read
 */
final class Acknowledger<P> {
    /** Beyond this number, waiting batches are merged, so that the room stays bounded: a standby may be away for days. */
    private static final int MOST_WAITING = 64;

    private record Waiting<P>(P place, Xids xids) {}

    private final Deque<Waiting<P>> waiting = new ArrayDeque<>();

    /**
     * Adds a batch that was made durable.
     *
     * @return the place that counts as routed now; empty: none beyond the last one
     */
    Optional<P> offer(P place, Xids xids, Snapshot snapshot) {
        Xids unseen = xids.unseenBy(snapshot);
        if (waiting.size() >= MOST_WAITING) {
            unseen = Xids.union(List.of(waiting.removeLast().xids(), unseen));
        }
        waiting.addLast(new Waiting<>(place, unseen));
        return advance(snapshot);
    }

    /**
     * Takes a newer snapshot.
     *
     * @return the place that counts as routed now; empty: none beyond the last one
     */
    Optional<P> advance(Snapshot snapshot) {
        Optional<P> reached = Optional.empty();
        for (Waiting<P> next = waiting.peekFirst(); next != null; next = waiting.peekFirst()) {
            waiting.removeFirst();
            Xids unseen = next.xids().unseenBy(snapshot);
            if (!unseen.isEmpty()) {
                waiting.addFirst(new Waiting<>(next.place(), unseen));
                break;
            }
            reached = Optional.of(next.place());
        }
        return reached;
    }

    /** A transaction that is in the log and not visible yet; empty: every batch that was offered counts as routed. */
    Optional<Xid> waitingFor() {
        return waiting.isEmpty()
                ? Optional.empty()
                : waiting.peekFirst().xids().stream().findFirst();
    }
}
