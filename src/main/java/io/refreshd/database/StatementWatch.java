package io.refreshd.database;

import java.sql.SQLException;
import org.jdbi.v3.core.Handle;

/** Runs long work on a connection, and ends it when it holds up a lock that another session waits for. */
public interface StatementWatch {
    /** Ends nothing. For a verb of the command line: somebody sits before it and may end it. */
    StatementWatch NONE = new StatementWatch() {
        @Override
        public <T> T run(Handle handle, String subject, Work<T> work) throws SQLException {
            return work.run();
        }
    };

    /** Work that may be cancelled at any of its statements. */
    @FunctionalInterface
    interface Work<T> {
        T run() throws SQLException;
    }

    /**
     * Runs the work.
     *
     * @param subject what the work is about; work that gave way several times in a row holds out longer
     * @throws SQLException lock_not_available (55P03) if the work gave way
     */
    <T> T run(Handle handle, String subject, Work<T> work) throws SQLException;
}
