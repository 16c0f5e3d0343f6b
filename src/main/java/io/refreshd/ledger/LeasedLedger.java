package io.refreshd.ledger;

import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleConsumer;
import org.jdbi.v3.core.Jdbi;

/**
 * The ledger as the holder of a lease writes to it.
 *
 * <p>Invariant: each write proves the lease in its own transaction, so a daemon that lost the lease writes nothing.
 *
 * @param lease token of the lease
 */
public record LeasedLedger(Jdbi jdbi, long lease) {

    /** Writes on a connection of the pool. @throws LeaseLostException if another daemon holds the lease */
    public <X extends Exception> void write(HandleConsumer<X> work) throws X {
        jdbi.useHandle(handle -> write(handle, work));
    }

    /** Writes on this connection. @throws LeaseLostException if another daemon holds the lease */
    public <X extends Exception> void write(Handle handle, HandleConsumer<X> work) throws X {
        Lease.write(handle, lease, work);
    }
}
