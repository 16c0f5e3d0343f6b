package io.refreshd.model;

/** A 64-bit transaction id ({@code xid8}), which holds the epoch: comparing two of them never wraps around. */
public record Xid(long value) implements Comparable<Xid> {
    private static final long EPOCH = 1L << 32;

    public Xid {
        if (value < 0) {
            throw new IllegalArgumentException("not a transaction id: " + value);
        }
    }

    /**
     * Adds the epoch to a 32-bit id from the stream: returns the id nearest to {@code near} that ends in those 32 bits.
     *
     * <p>The nearest is the right one, since PostgreSQL never lets ids in use spread over more than 2³¹ transactions.
     */
    public static Xid widen(long xid32, Xid near) {
        long low = xid32 & (EPOCH - 1);
        long candidate = (near.value & -EPOCH) | low;
        if (candidate - near.value > EPOCH / 2 && candidate >= EPOCH) {
            candidate -= EPOCH;
        } else if (near.value - candidate > EPOCH / 2) {
            candidate += EPOCH;
        }
        return new Xid(candidate);
    }

    @Override
    public int compareTo(Xid other) {
        return Long.compare(value, other.value);
    }

    @Override
    public String toString() {
        return Long.toString(value);
    }
}
