package io.refreshd.cli;

/** The demo cannot run, since the image does not contain the embedded PostgreSQL that it needs. */
final class UnavailableDemoException extends Exception {
    private static final long serialVersionUID = 1;

    UnavailableDemoException(Throwable cause) {
        super(
                "the demo is not part of this image: it brings a PostgreSQL of its own."
                        + " Run ./refreshd demo in a clone of the repository",
                cause);
    }
}
