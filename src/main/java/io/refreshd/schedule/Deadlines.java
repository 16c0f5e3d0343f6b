package io.refreshd.schedule;

import java.util.OptionalLong;

/** Compares monotonic times in nanoseconds by their difference, since {@code System.nanoTime()} may overflow. */
final class Deadlines {
    private Deadlines() {}

    static long earlier(long a, long b) {
        return a - b <= 0 ? a : b;
    }

    /** The earlier one, if there is another. */
    static long earlier(OptionalLong a, long b) {
        return a.isPresent() ? earlier(a.getAsLong(), b) : b;
    }

    static long later(long a, long b) {
        return a - b >= 0 ? a : b;
    }
}
