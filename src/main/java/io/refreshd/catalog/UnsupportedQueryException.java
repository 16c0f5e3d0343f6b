package io.refreshd.catalog;

/** A query is not one in which changed rows can be looked up. The message says why, for people to read. */
final class UnsupportedQueryException extends Exception {
    private static final long serialVersionUID = 1L;

    UnsupportedQueryException(String why) {
        // Without a stack trace: it is thrown for every view that is not supported, and the trace tells nothing.
        super(why, null, false, false);
    }

    /** The message, which is never null here. */
    String why() {
        return String.valueOf(getMessage());
    }
}
