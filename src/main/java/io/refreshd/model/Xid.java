package io.refreshd.model;

/** A transaction id with its epoch ({@code xid8}), so that comparing two of them never wraps around. */
public record Xid(long value) implements Comparable<Xid> {
    private static final long EPOCH = 1L << 32;

    public Xid {
        if (value < 0) {
            throw new IllegalArgumentException("not a transaction id: " + value);
        }
    }

    /**
     * Gives a 32-bit id from the stream its epoch: of all ids that end in those 32 bits, the one nearest to {@code near}.
     * PostgreSQL never has more than 2³¹ transactions between the oldest and the newest that are still of interest, so the
     * nearest is the right one.
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
