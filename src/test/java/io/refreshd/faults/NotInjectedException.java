package io.refreshd.faults;

/** A fault that is impossible here. It is counted, so that it does not pass for a fault that was survived. */
final class NotInjectedException extends Exception {
    private static final long serialVersionUID = 1L;

    NotInjectedException(String why) {
        super(why);
    }
}
