package io.refreshd.database;

import java.sql.SQLException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.transaction.DelegatingTransactionHandler;
import org.jdbi.v3.core.transaction.TransactionHandler;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/**
 * Transactions that end with the error of the work, also where it has ended the connection. JDBI's own set the isolation level again
 * after the work, and the error of that on a broken connection would take the place of the one that says why it broke.
 *
 * <p>Source: {@code Handle.inTransaction} of JDBI 3.55 sets the level before it calls the handler, and again after it.
 */
final class ErrorKeepingTransactions extends DelegatingTransactionHandler {
    ErrorKeepingTransactions(TransactionHandler transactions) {
        super(transactions);
    }

    @Override
    public TransactionHandler specialize(Handle handle) throws SQLException {
        return new ErrorKeepingTransactions(getDelegate().specialize(handle));
    }

    @Override
    public <R, X extends Exception> R inTransaction(
            Handle handle, TransactionIsolationLevel level, HandleCallback<R, X> work) throws X {
        return inTransaction(handle, work);
    }
}
