package io.refreshd.ledger;

/** The ledger has a newer version than this program knows, so this program could misread it. */
public final class LedgerTooNewException extends Exception {
    private static final long serialVersionUID = 1L;

    LedgerTooNewException(int present, int known) {
        super(
                "the ledger in schema refreshd has version " + present + ", this program knows versions up to " + known
                        + ": run the newer refreshd, or drop the ledger with 'refreshd teardown' of the newer one and start anew");
    }
}
