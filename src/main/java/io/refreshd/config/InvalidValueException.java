package io.refreshd.config;

/** Thrown by a parser for a text that is not a valid value. Its message does not repeat the text, which may be a secret. */
public final class InvalidValueException extends Exception {
    private static final long serialVersionUID = 1;

    private final String what;
    private final String expected;

    /**
     * Records what is wrong and what would be right; without a stack trace, since it is an answer to the user.
     *
     * @param what what is wrong with the text
     * @param expected what to write instead
     */
    InvalidValueException(String what, String expected) {
        super(what + "; " + expected, null, false, false);
        this.what = what;
        this.expected = expected;
    }

    String what() {
        return what;
    }

    String expected() {
        return expected;
    }
}
