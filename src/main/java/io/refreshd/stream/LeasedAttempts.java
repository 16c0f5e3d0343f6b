package io.refreshd.stream;

import io.refreshd.ledger.LeasedLedger;
import io.refreshd.ledger.StreamAttempts;

/** The count of attempts in the ledger of a session. Blocks on the server. */
record LeasedAttempts(LeasedLedger ledger) implements PoisonDetector.AttemptLedger {
    @Override
    public int made() {
        return ledger.jdbi().withHandle(StreamAttempts::made);
    }

    @Override
    public void begin() {
        ledger.write(StreamAttempts::begin);
    }

    @Override
    public void forgive() {
        ledger.write(StreamAttempts::forgive);
    }
}
