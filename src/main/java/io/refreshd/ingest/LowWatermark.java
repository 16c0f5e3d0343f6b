package io.refreshd.ingest;

import io.refreshd.capture.LogDemand;
import io.refreshd.model.Lsn;
import java.time.Instant;
import java.util.Optional;

/**
 * The low watermark of the stream: the position up to which every committed transaction is routed and visible, by a catalog that
 * was still the same afterwards. Holds three positions, each at or behind the one before: routed, claimed, durable.
 *
 * <p>Invariant: within an epoch each of the three only grows.
 *
 * <p>Thread: any. {@link WatermarkWriter} raises it.
 */
public final class LowWatermark {
    private final CommitTimeIndex commitTimes = new CommitTimeIndex();
    private final LogDemand demand = new LogDemand();
    private long epoch;
    private Lsn routed = Lsn.ZERO;
    private Lsn claimed = Lsn.ZERO;
    private Lsn durable = Lsn.ZERO;
    /** Apart from the three: what is read may not be visible yet. */
    private Lsn read = Lsn.ZERO;

    /**
     * A position within an epoch.
     *
     * @param epoch number of the epoch; a gap in the stream begins a new one
     */
    public record Position(long epoch, Lsn lsn) {}

    /** Begins an epoch, or goes on with it, at a position that the ledger holds already. */
    synchronized void begin(long number, Lsn position) {
        epoch = number;
        routed = position;
        claimed = position;
        durable = position;
        read = position;
    }

    /** All up to the position has been read, and the marks that it led to are durable. */
    synchronized void read(Lsn position) {
        read = read.max(position);
    }

    synchronized Lsn read() {
        return read;
    }

    /** Every transaction that committed at or before the position has been routed, and was seen to be visible. */
    synchronized void routed(Lsn position) {
        routed = routed.max(position);
    }

    synchronized Position routed() {
        return new Position(epoch, routed);
    }

    /** Who waits for the log to be read further. */
    public LogDemand demand() {
        return demand;
    }

    /** Claims a routed position, unless an epoch has begun since. */
    synchronized void claim(Position position) {
        if (position.epoch() == epoch) {
            claimed = claimed.max(position.lsn());
        }
    }

    synchronized void durable(Position written) {
        // An epoch may have begun while the former epoch's position was being written.
        if (written.epoch() == epoch) {
            durable = durable.max(written.lsn());
        }
    }

    /** The log up to this position was written by this time, by the server's clock. */
    public synchronized void committed(Lsn position, Instant time) {
        commitTimes.add(position, time);
    }

    /** The commit time that a position stands for, by the server's clock; empty if it is not known, or no longer. */
    public synchronized Optional<Instant> commitTime(Lsn position) {
        return commitTimes.at(position);
    }

    /** The position that others may rely on. */
    public synchronized Position claimed() {
        return new Position(epoch, claimed);
    }

    /** The position that the ledger is known to hold, and up to which the slot may be acknowledged. */
    public synchronized Lsn durable() {
        return durable;
    }
}
