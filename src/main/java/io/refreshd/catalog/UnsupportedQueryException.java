package io.refreshd.catalog;

/** Thrown for a query in whose result changed rows cannot be looked up. The message says why, for people to read. */
final class UnsupportedQueryException extends Exception {
    private static final long serialVersionUID = 1L;

    UnsupportedQueryException(String why) {
        // No stack trace: the exception is thrown for each view that is not supported, and is always caught.
        super(why, null, false, false);
    }

    /** The reason; the same as the message, but never null. */
    String why() {
        return String.valueOf(getMessage());
    }
}
