package io.refreshd.faults;

/** A fault that cannot be had here; counted, so that nobody takes it for one that was survived. */
final class NotInjectedException extends Exception {
    private static final long serialVersionUID = 1L;

    NotInjectedException(String why) {
        super(why);
    }
}
