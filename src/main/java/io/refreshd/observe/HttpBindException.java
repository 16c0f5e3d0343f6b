package io.refreshd.observe;

import java.io.Serial;

/** The HTTP server cannot listen on its address; the message names the address, the cause and the remedy. */
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
