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
 * Decides how far the log may be acknowledged: in order, and only past transactions that a snapshot was seen to see. With
 * synchronous replication a transaction is in the log long before that. Pure; used by the consumer's thread only.
 */
final class Acknowledger {
    /** Beyond this many, batches that wait are merged: the outage of a standby may last for days. */
    private static final int MOST_WAITING = 64;

    private record Waiting(Lsn position, Xids xids) {}

    private final Deque<Waiting> waiting = new ArrayDeque<>();

    /** Adds a batch that was made durable, and returns how far may be acknowledged now; empty: no further than before. */
    Optional<Lsn> offer(Lsn position, Xids xids, Snapshot snapshot) {
        Xids unseen = xids.unseenBy(snapshot);
        if (waiting.size() >= MOST_WAITING) {
            unseen = Xids.union(List.of(waiting.removeLast().xids(), unseen));
        }
        waiting.addLast(new Waiting(position, unseen));
        return advance(snapshot);
    }

    /** How far may be acknowledged now that there is a newer snapshot; empty: no further than before. */
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

    /** A transaction that is in the log and not visible yet; empty: everything that was offered was acknowledged. */
    Optional<Xid> waitingFor() {
        return waiting.isEmpty()
                ? Optional.empty()
                : waiting.peekFirst().xids().stream().findFirst();
    }
}
