package io.refreshd.testing;

import java.util.Collections;
import java.util.List;

/** Makes the write-ahead log longer without writing rows that would have to be decoded. */
public final class WalSegments {
    private static final int MEGABYTES_EACH = 16;

    private WalSegments() {}

    /** Statements that add more than this to the log, if each runs in a transaction of its own. */
    public static String[] statements(int megabytes) {
        // pg_switch_wal() does nothing in a segment that has no record yet.
        return Collections.nCopies(
                        megabytes / MEGABYTES_EACH + 1,
                        List.of("SELECT pg_current_xact_id()", "SELECT pg_switch_wal()"))
                .stream()
                .flatMap(List::stream)
                .toArray(String[]::new);
    }
}
