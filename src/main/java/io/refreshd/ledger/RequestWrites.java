package io.refreshd.ledger;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * Writes requests to the daemon, as the command line does. A message in the log announces them: it reaches the daemon wherever it
 * runs, and only if its transaction commits.
 */
public final class RequestWrites {
    public static final String REFRESH = "refresh";
    public static final String PAUSE = "pause";
    public static final String RESUME = "resume";

    private RequestWrites() {}

    /**
     * Writes one request for each view.
     *
     * @param kind {@link #REFRESH}, {@link #PAUSE} or {@link #RESUME}
     * @return the ids of the requests; the daemon deletes a request when it has taken it
     */
    public static List<Long> post(Handle handle, String kind, Collection<Long> oids) {
        return handle.inTransaction(transaction -> {
            List<Long> ids = transaction
                    .createQuery("""
                            INSERT INTO refreshd.request (kind, view_oid)
                            SELECT :kind, unnest(CAST(:oids AS oid[])) RETURNING id
                            """)
                    .bind("kind", kind)
                    .bind("oids", oids.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}")))
                    .mapTo(Long.class)
                    .list();
            transaction
                    .createQuery("SELECT pg_logical_emit_message(true, 'refreshd:request', '')::text")
                    .mapTo(String.class)
                    .one();
            return ids;
        });
    }

    /** Returns those of the requests that the daemon has not taken yet. */
    public static Set<Long> notTaken(Handle handle, Collection<Long> ids) {
        return handle.createQuery("SELECT id FROM refreshd.request WHERE id = ANY(:ids)")
                .bind("ids", ids.toArray(Long[]::new))
                .mapTo(Long.class)
                .set();
    }

    /** Deletes those of the requests that the daemon has not taken yet. */
    public static void withdraw(Handle handle, Collection<Long> ids) {
        handle.createUpdate("DELETE FROM refreshd.request WHERE id = ANY(:ids)")
                .bind("ids", ids.toArray(Long[]::new))
                .execute();
    }
}
