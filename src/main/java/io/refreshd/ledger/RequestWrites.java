package io.refreshd.ledger;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** What people ask of the daemon. It is told by a message in the log, which reaches it wherever it runs, and only if it is heard. */
public final class RequestWrites {
    public static final String REFRESH = "refresh";
    public static final String PAUSE = "pause";
    public static final String RESUME = "resume";

    private RequestWrites() {}

    /**
     * Asks for the same with each of these views.
     *
     * @return the numbers of the requests; the daemon takes a request away when it has heard it
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

    /** Those of the requests that the daemon has not heard yet. */
    public static Set<Long> unheard(Handle handle, Collection<Long> ids) {
        return handle.createQuery("SELECT id FROM refreshd.request WHERE id = ANY(:ids)")
                .bind("ids", ids.toArray(Long[]::new))
                .mapTo(Long.class)
                .set();
    }

    /** Takes back what nobody has heard. */
    public static void withdraw(Handle handle, Collection<Long> ids) {
        handle.createUpdate("DELETE FROM refreshd.request WHERE id = ANY(:ids)")
                .bind("ids", ids.toArray(Long[]::new))
                .execute();
    }
}
