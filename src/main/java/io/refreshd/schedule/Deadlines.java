package io.refreshd.schedule;

/** Compares monotonic times in nanoseconds by their difference, since {@code System.nanoTime()} may overflow. */
final class Deadlines {
    private Deadlines() {}

    static long earlier(long a, long b) {
        return a - b <= 0 ? a : b;
    }

    static long later(long a, long b) {
        return a - b >= 0 ? a : b;
    }
}
