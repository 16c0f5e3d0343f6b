package io.refreshd.ledger;

/** Another daemon has taken over; this one may not write any more. */
public final class LeaseLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LeaseLostException() {
        super("another refreshd has taken over");
    }
}
