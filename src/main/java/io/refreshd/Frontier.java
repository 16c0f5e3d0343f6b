package io.refreshd;

import io.refreshd.ledger.Lease;
import io.refreshd.ledger.StreamRow;
import io.refreshd.model.Lsn;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;

/**
 * How far the stream has come: what has been routed, what of that may be claimed, and what the ledger is known to hold. Routing
 * and claiming take turns with a change of the catalog (see {@link Pipeline}); any thread may ask.
 */
final class Frontier {
    private final Jdbi jdbi;
    private final long lease;
    private final Duration heartbeat;
    private final Runnable catalogMoved;

    private final Milestones milestones = new Milestones();
    private Basis basis = Basis.NONE;
    private Optional<Basis.Ground> found = Optional.empty();
    private long epoch;
    private Lsn routed = Lsn.ZERO;
    private Lsn claimed = Lsn.ZERO;
    private Lsn recorded = Lsn.ZERO;

    /**
     * @param lease token of the right to write to the ledger
     * @param heartbeat how often the ledger hears of it
     * @param catalogMoved told when nothing can be claimed before the catalog is read anew; must not block
     */
    Frontier(Jdbi jdbi, long lease, Duration heartbeat, Runnable catalogMoved) {
        this.jdbi = jdbi;
        this.lease = lease;
        this.heartbeat = heartbeat;
        this.catalogMoved = catalogMoved;
    }

    /** How far the stream has come in which stretch of it. */
    record Progress(long epoch, Lsn claimed) {}

    /** The stream goes on, or begins anew, at a position that the ledger holds already. */
    synchronized void begin(long number, Lsn position) {
        epoch = number;
        routed = position;
        claimed = position;
        recorded = position;
    }

    synchronized void standOn(Basis next) {
        basis = next;
        found = Optional.empty();
    }

    /** Every transaction that committed at or before it has been routed and seen to be visible. */
    synchronized void routed(Lsn position) {
        routed = routed.max(position);
    }

    /** What was read up to this position was written by then. */
    synchronized void read(Lsn position, Instant written) {
        milestones.add(position, written);
    }

    /** The commit time that a position stands for, by the server's clock; empty if that is not known, or no longer. */
    synchronized Optional<Instant> commitTime(Lsn position) {
        return milestones.at(position);
    }

    /** What was routed, by a catalog that was the same after it. */
    synchronized Progress progress() {
        return new Progress(epoch, claimed);
    }

    /** What the ledger is known to hold. */
    synchronized Lsn recorded() {
        return recorded;
    }

    /** What the last look at the catalog that is stood on found; empty if there was none since this was last asked. */
    synchronized Optional<Basis.Ground> takeFound() {
        Optional<Basis.Ground> taken = found;
        found = Optional.empty();
        return taken;
    }

    /** Claims what has been routed, if the catalog allows it, and writes down what is claimed: before the slot is told. */
    void claim() {
        Lsn position = routed();
        Basis ground = basis();
        Basis.Ground seen = look(ground);
        synchronized (this) {
            if (seen == Basis.Ground.FIRM) {
                claimed = claimed.max(position);
            }
            // By now it may be another one that is stood on.
            found = basis.equals(ground) ? Optional.of(seen) : Optional.empty();
        }
        if (seen == Basis.Ground.MOVED) {
            catalogMoved.run();
        }
        writeDown();
    }

    private Basis.Ground look(Basis ground) {
        try {
            return jdbi.withHandle(ground::look);
        } catch (SQLException e) {
            throw new org.jdbi.v3.core.ConnectionException(e);
        }
    }

    private synchronized Lsn routed() {
        return routed;
    }

    private synchronized Basis basis() {
        return basis;
    }

    private void writeDown() {
        Progress progress = progress();
        jdbi.useHandle(handle -> Lease.write(
                handle,
                lease,
                transaction -> StreamRow.advance(
                        transaction, progress.epoch(), progress.claimed(), commitTime(progress.claimed()), heartbeat)));
        synchronized (this) {
            if (progress.epoch() == epoch) {
                recorded = recorded.max(progress.claimed());
            }
        }
    }
}
