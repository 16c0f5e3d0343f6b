package io.refreshd.refresh;

import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Advisory locks that functions of a view take while it is refreshed. Those of the session outlast the transaction, also one that fails: in
 * a session of the pool they would keep others waiting, and fill the server's table of locks.
 */
final class AdvisoryLocks {
    private static final Logger log = LoggerFactory.getLogger(AdvisoryLocks.class);

    private AdvisoryLocks() {}

    /** To be called after the transaction, whether or not it has committed. A session that is broken holds no locks any more. */
    static void release(Handle handle) {
        try {
            handle.execute("SELECT pg_catalog.pg_advisory_unlock_all()");
        } catch (JdbiException e) {
            log.atDebug().setCause(e).log("Could not release advisory locks");
        }
    }
}
