package io.refreshd.bench;

/** True once all views equal their definitions, or once the time is up: a contender that never gets there is one that lost. */
final class Patience {
    private final Stage stage;
    private final long end;

    Patience(Stage stage, double seconds) {
        this.stage = stage;
        this.end = System.nanoTime() + (long) (seconds * 1e9);
    }

    boolean over() throws Exception {
        if (System.nanoTime() > end) {
            return true;
        }
        boolean equal = stage.wrongViews().isEmpty();
        if (!equal) {
            // The comparison reads everything: not in a tight loop beside the contender.
            Thread.sleep(250);
        }
        return equal;
    }
}
