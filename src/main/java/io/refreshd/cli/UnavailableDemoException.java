package io.refreshd.cli;

/** What the demo needs, PostgreSQL itself, is not deployed. */
final class UnavailableDemoException extends Exception {
    private static final long serialVersionUID = 1;

    UnavailableDemoException(Throwable cause) {
        super(
                "the demo is not part of this image: it brings a PostgreSQL of its own."
                        + " Run ./refreshd demo in a clone of the repository",
                cause);
    }
}
