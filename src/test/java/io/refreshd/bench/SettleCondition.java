package io.refreshd.bench;

/** True once all views equal their definitions or the time is up. A contender that does not get there in time has lost. */
final class SettleCondition {
    private final BenchDatabase database;
    private final long end;

    SettleCondition(BenchDatabase database, double seconds) {
        this.database = database;
        this.end = System.nanoTime() + (long) (seconds * 1e9);
    }

    boolean isMet() throws Exception {
        if (System.nanoTime() > end) {
            return true;
        }
        boolean equal = database.wrongViews().isEmpty();
        if (!equal) {
            // The comparison reads everything, so it must not run in a tight loop beside the contender.
            Thread.sleep(250);
        }
        return equal;
    }
}
