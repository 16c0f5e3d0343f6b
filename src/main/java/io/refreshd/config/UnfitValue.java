package io.refreshd.config;

/** Why a text is not the value it should be. Its parts never repeat the text of a secret. */
public final class UnfitValue extends Exception {
    private static final long serialVersionUID = 1;

    private final String what;
    private final String expected;

    UnfitValue(String what, String expected) {
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
