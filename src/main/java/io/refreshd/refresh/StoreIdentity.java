package io.refreshd.refresh;

import io.refreshd.database.ConnectionPools;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/**
 * Gives the tables of an incremental view a replica identity. Somebody's publication {@code FOR ALL TABLES} holds them too, and the server
 * refuses {@code UPDATE} and {@code DELETE} of a published table without one.
 *
 * <p>Not done before it is needed: it adds the old row to the WAL of each changed row.
 */
final class StoreIdentity {
    private static final String REFUSED = "55000";

    private static final String STATEMENTS = """
            SELECT pg_catalog.format('ALTER TABLE %I.%I REPLICA IDENTITY FULL', n.nspname, c.relname)
              FROM (SELECT store_oid FROM refreshd.incremental_view WHERE view_oid = (:view)::oid
                    UNION ALL
                    SELECT store_oid FROM refreshd.incremental_map WHERE view_oid = (:view)::oid) s
              JOIN pg_catalog.pg_class c ON c.oid = s.store_oid
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'refreshd_store' AND c.relkind = 'r' AND c.relreplident <> 'f'
            """;

    private StoreIdentity() {}

    /**
     * @param state SQLSTATE with which a round of the view failed
     * @return whether the view got what it lacked, so that another attempt may succeed
     */
    static boolean give(Jdbi jdbi, long view, String state) {
        if (!state.equals(REFUSED)) {
            return false;
        }
        try (Handle handle = jdbi.open()) {
            List<String> statements = handle.createQuery(STATEMENTS)
                    .bind("view", view)
                    .mapTo(String.class)
                    .list();
            if (statements.isEmpty()) {
                return false;
            }
            ConnectionPools.locally(handle, transaction -> {
                // Whoever reads the view waits for this lock.
                transaction.execute("SET LOCAL lock_timeout = '200ms'");
                statements.forEach(transaction::execute);
            });
            return true;
        } catch (JdbiException e) {
            return false;
        }
    }
}
