package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Decides up to which position everything counts as routed: in order, and only past transactions that a snapshot sees. With synchronous
 * replication a transaction may be in the log long before anybody sees it. Pure.
 *
 * <p>Thread: the one that calls the handler.
 */
final class Acknowledger {
    /** Beyond this number, waiting batches are merged, so that the room stays bounded: a standby may be away for days. */
    private static final int MOST_WAITING = 64;

    private record Waiting(Lsn position, Xids xids) {}

    private final Deque<Waiting> waiting = new ArrayDeque<>();

    /**
     * Adds a batch that was made durable.
     *
     * @return the position that counts as routed now; empty: none beyond the last one
     */
    Optional<Lsn> offer(Lsn position, Xids xids, Snapshot snapshot) {
        Xids unseen = xids.unseenBy(snapshot);
        if (waiting.size() >= MOST_WAITING) {
            unseen = Xids.union(List.of(waiting.removeLast().xids(), unseen));
        }
        waiting.addLast(new Waiting(position, unseen));
        return advance(snapshot);
    }

    /**
     * Takes a newer snapshot.
     *
     * @return the position that counts as routed now; empty: none beyond the last one
     */
    Optional<Lsn> advance(Snapshot snapshot) {
        Optional<Lsn> reached = Optional.empty();
        for (Waiting next = waiting.peekFirst(); next != null; next = waiting.peekFirst()) {
            waiting.removeFirst();
            Xids unseen = next.xids().unseenBy(snapshot);
            if (!unseen.isEmpty()) {
                waiting.addFirst(new Waiting(next.position(), unseen));
                break;
            }
            reached = Optional.of(next.position());
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
