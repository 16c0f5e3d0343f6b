package io.refreshd.ledger;

/** Another daemon has taken over, or this is another history of the server; nothing may be written under this lease any more. */
public final class LeaseLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LeaseLostException() {
        super("another refreshd has taken over, or the server has been promoted");
    }
}
