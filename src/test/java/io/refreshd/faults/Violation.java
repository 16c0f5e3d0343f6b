package io.refreshd.faults;

/** A promise that was broken. */
final class Violation extends Exception {
    private static final long serialVersionUID = 1;

    Violation(String what) {
        super(what);
    }
}
