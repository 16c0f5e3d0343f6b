package io.refreshd.ledger;

/**
 * The lease is lost: another daemon has taken it, or the server is on another timeline. Nothing may be written under the lease.
 */
public final class LeaseLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LeaseLostException() {
        super("another refreshd has taken over, or the server has been promoted");
    }
}
