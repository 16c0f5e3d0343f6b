package io.refreshd.ledger;

import io.refreshd.model.ViewId;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Reads the requests that operators and applications have written for the daemon; see {@link RequestWrites}. */
public final class Requests {
    private Requests() {}

    /** @param kind {@code refresh}, {@code pause} or {@code resume} */
    public record Request(long id, String kind, ViewId view) {}

    /** Returns the requests in the order in which they were written, without those for views that the ledger does not know. */
    public static List<Request> pending(Handle handle) {
        return handle.createQuery("""
                        SELECT r.id, r.kind, s.view_schema, s.view_name
                        FROM refreshd.request r JOIN refreshd.view_state s USING (view_oid)
                        ORDER BY r.id
                        """)
                .map((row, context) -> new Request(
                        row.getLong("id"),
                        row.getString("kind"),
                        new ViewId(row.getString("view_schema"), row.getString("view_name"))))
                .list();
    }

    /** Deletes the requests that have been passed on, and those for views that the ledger does not know. */
    public static void done(Handle handle, List<Request> passedOn) {
        handle.createUpdate("""
                        DELETE FROM refreshd.request r
                        WHERE id = ANY (:ids)
                           OR NOT EXISTS (SELECT FROM refreshd.view_state s WHERE s.view_oid = r.view_oid)
                        """)
                .bind("ids", passedOn.stream().map(Request::id).toArray(Long[]::new))
                .execute();
    }
}
