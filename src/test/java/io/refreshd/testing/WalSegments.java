package io.refreshd.testing;

import java.util.Collections;
import java.util.List;

/** Makes the log longer without the work of writing rows and of decoding them. */
public final class WalSegments {
    private static final int MEGABYTES_EACH = 16;

    private WalSegments() {}

    /** Statements, each to be committed by itself, after which the log is longer by more than this. */
    public static String[] statements(int megabytes) {
        // A segment in which nothing was written is not left.
        return Collections.nCopies(
                        megabytes / MEGABYTES_EACH + 1,
                        List.of("SELECT pg_current_xact_id()", "SELECT pg_switch_wal()"))
                .stream()
                .flatMap(List::stream)
                .toArray(String[]::new);
    }
}
