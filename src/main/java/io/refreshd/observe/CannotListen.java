package io.refreshd.observe;

import java.io.Serial;

/** The address for HTTP cannot be had; the message says which, why, and what to do. */
public final class CannotListen extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    CannotListen(String message) {
        super(message);
    }

    CannotListen(String message, Throwable cause) {
        super(message, cause);
    }
}
