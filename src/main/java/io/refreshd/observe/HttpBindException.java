package io.refreshd.observe;

import java.io.Serial;

/** The address for HTTP cannot be had; the message says which, why, and what to do. */
public final class HttpBindException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    HttpBindException(String message) {
        super(message);
    }

    HttpBindException(String message, Throwable cause) {
        super(message, cause);
    }
}
