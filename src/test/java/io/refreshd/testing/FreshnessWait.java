package io.refreshd.testing;

import java.sql.SQLException;
import org.awaitility.Awaitility;

/**
 * Waits for a view by {@code refreshd.wait_until_fresh}.
 *
 * <p>That function fails when the last heartbeat of the daemon is older than five intervals and five seconds. On a busy machine a
 * daemon may get no processor for so long, or be slow to read the log again, so the wait is repeated then.
 */
public final class FreshnessWait {
    private FreshnessWait() {}

    /** Runs a query. */
    public interface Query {
        Object run(String sql) throws Exception;
    }

    /** Waits until the view holds every transaction that has committed by now. */
    public static void await(String view, Query query) {
        Awaitility.await(view + " is fresh").until(() -> {
            try {
                query.run(TestTimeout.waitUntilFresh(view));
                return true;
            } catch (SQLException e) {
                String message = String.valueOf(e.getMessage());
                if (message.contains("refreshd is away") || message.contains("the log is not read at present")) {
                    return false;
                }
                throw e;
            }
        });
    }
}
