package io.refreshd.model;

import java.util.Arrays;
import java.util.Collection;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * A set of transaction ids.
 *
 * <p>Invariant: the ids are ascending. A backlog brings sixteen thousand ids at a time, and a thousand views may have to check all of
 * them against a snapshot: where they are in order, two comparisons mostly decide.
 */
public final class Xids {
    public static final Xids NONE = new Xids(new long[0]);

    private final long[] ascending;

    private Xids(long[] ascending) {
        this.ascending = ascending;
    }

    public static Xids of(Xid xid) {
        return new Xids(new long[] {xid.value()});
    }

    /** @param values ids in any order; repeated ids count once */
    public static Xids of(LongStream values) {
        long[] ascending = values.toArray();
        Arrays.sort(ascending);
        int kept = 0;
        for (long value : ascending) {
            if (kept == 0 || ascending[kept - 1] != value) {
                ascending[kept++] = value;
            }
        }
        return kept == 0 ? NONE : new Xids(Arrays.copyOf(ascending, kept));
    }

    public static Xids union(Collection<Xids> parts) {
        return switch (parts.size()) {
            case 0 -> NONE;
            case 1 -> parts.iterator().next();
            default -> of(parts.stream().flatMapToLong(part -> Arrays.stream(part.ascending)));
        };
    }

    public boolean isEmpty() {
        return ascending.length == 0;
    }

    public int size() {
        return ascending.length;
    }

    public boolean contains(Xid xid) {
        return Arrays.binarySearch(ascending, xid.value()) >= 0;
    }

    /** Whether all transactions are visible in the snapshot, given that they have committed. */
    public boolean areSeenBy(Snapshot snapshot) {
        if (isEmpty() || newest() < snapshot.xmin().value()) {
            return true;
        }
        return newest() < snapshot.xmax().value()
                && snapshot.inProgress().stream().noneMatch(this::contains);
    }

    /** The transactions that are not visible in the snapshot, given that they have committed. */
    public Xids unseenBy(Snapshot snapshot) {
        if (areSeenBy(snapshot)) {
            return NONE;
        }
        boolean none = ascending[0] >= snapshot.xmax().value();
        return none ? this : of(Arrays.stream(ascending).filter(xid -> !snapshot.sees(new Xid(xid))));
    }

    /** From the oldest to the newest. */
    public Stream<Xid> stream() {
        return Arrays.stream(ascending).mapToObj(Xid::new);
    }

    private long newest() {
        return ascending[ascending.length - 1];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Xids xids && Arrays.equals(ascending, xids.ascending);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ascending);
    }

    @Override
    public String toString() {
        return Arrays.toString(ascending);
    }
}
