package io.refreshd.model;

import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A snapshot as {@code pg_current_snapshot()} returns it: which transactions had ended at one moment.
 *
 * <p>A transaction that was read from the log has committed, so that it is visible in every snapshot in which it has ended. It need not
 * have ended: the server streams a transaction as soon as its commit record is flushed, and lets other sessions see it later; with
 * synchronous replication much later.
 */
public record Snapshot(Xid xmin, Xid xmax, Set<Xid> inProgress) {
    public Snapshot {
        Objects.requireNonNull(xmin);
        Objects.requireNonNull(xmax);
        inProgress = Set.copyOf(inProgress);
        if (xmin.compareTo(xmax) > 0) {
            throw new IllegalArgumentException("snapshot with xmin " + xmin + " after xmax " + xmax);
        }
    }

    /** Reads the text form of {@code pg_snapshot}: {@code xmin:xmax:xip,xip,…}. */
    public static Snapshot parse(String text) {
        String[] parts = text.split(":", -1);
        if (parts.length != 3) {
            throw new IllegalArgumentException("not a snapshot: '" + text + "' (expected xmin:xmax:xip,…)");
        }
        Set<Xid> inProgress = new HashSet<>();
        for (String xid : parts[2].split(",")) {
            if (!xid.isEmpty()) {
                inProgress.add(new Xid(Long.parseLong(xid)));
            }
        }
        return new Snapshot(new Xid(Long.parseLong(parts[0])), new Xid(Long.parseLong(parts[1])), inProgress);
    }

    /** Whether a transaction that is known to have committed is visible in this snapshot. */
    public boolean sees(Xid committed) {
        return committed.compareTo(xmin) < 0 || (committed.compareTo(xmax) < 0 && !inProgress.contains(committed));
    }

    /** The text form of {@code pg_snapshot}, which {@link #parse} reads back. */
    @Override
    public String toString() {
        return xmin + ":" + xmax + ":"
                + inProgress.stream().sorted().map(Xid::toString).collect(Collectors.joining(","));
    }
}
