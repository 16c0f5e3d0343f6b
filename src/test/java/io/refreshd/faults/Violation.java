package io.refreshd.faults;

/** A broken promise of the daemon. */
final class Violation extends Exception {
    private static final long serialVersionUID = 1;

    Violation(String what) {
        super(what);
    }
}
