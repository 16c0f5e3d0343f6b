package io.refreshd.daemon;

import org.jspecify.annotations.Nullable;

/** The daemon ended itself because of something that must not happen; starting it again loses nothing. */
public final class InternalErrorException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public InternalErrorException(@Nullable Throwable cause) {
        super(cause);
    }
}
