package io.refreshd.ledger;

import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * The version of a view's storage: {@code xmin} of its row in {@code pg_class}. The ledger keeps the version that the last refresh
 * by refreshd left behind.
 *
 * <p>Invariant: as long as both are equal, nobody else has refreshed the view. Every REFRESH updates the row, also one that changes
 * nothing ({@code SetMatViewPopulatedState}), and only a REFRESH writes rows of a materialized view. Some DDL updates the row too,
 * such as GRANT; then the view counts as refreshed by others although it was not. VACUUM, ANALYZE and CREATE INDEX write it in
 * place, and {@code xmin} stays.
 *
 * <p>Nobody but refreshd writes the rows of an incremental view, whatever the row of the plain view says.
 */
public final class StorageVersion {
    /** SQL expression for the version of the view with the oid {@code :oid}, as the present statement sees it. */
    static final String PRESENT = present(":oid");

    private StorageVersion() {}

    /** @param oid SQL of the view's oid */
    static String present(String oid) {
        return "(SELECT c.xmin FROM pg_catalog.pg_class c WHERE c.oid = " + oid + ")";
    }

    /** Returns whether nobody else has refreshed the view since; empty if refreshd has not refreshed it yet. */
    public static Optional<Boolean> isOurs(Handle handle, long oid) {
        return handle.createQuery("SELECT storage_xid = " + PRESENT + " FROM refreshd.view_state WHERE view_oid = :oid")
                .bind("oid", oid)
                .mapTo(Boolean.class)
                .findOne();
    }

    /** Returns those of the views that nobody else has refreshed since, as the snapshot shows them. */
    public static Set<Long> ours(Handle handle, List<Long> oids) {
        return handle.createQuery("""
                        SELECT s.view_oid FROM refreshd.view_state s
                        WHERE s.view_oid = ANY (CAST(:oids AS oid[])) AND s.storage_xid = %s
                        """.formatted(present("s.view_oid")))
                .bind("oids", oids.stream().map(String::valueOf).toArray(String[]::new))
                .mapTo(Long.class)
                .set();
    }

    /**
     * Returns whether nobody else has refreshed the view since, and nobody else can until the end of this transaction; false also if
     * that is not certain.
     */
    public static boolean isOursAndLocked(Handle transaction, long oid) {
        boolean locked = transaction
                .createQuery("""
                        SELECT EXISTS (SELECT FROM pg_catalog.pg_locks
                                       WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted
                                         AND relation = :oid AND mode = 'RowShareLock'
                                         AND database = (SELECT oid FROM pg_catalog.pg_database
                                                         WHERE datname = pg_catalog.current_database()))
                        """)
                .bind("oid", oid)
                .mapTo(Boolean.class)
                .one();
        return locked && isOurs(transaction, oid).orElse(false);
    }

    /** Returns the views that count as fresh in the ledger, and that somebody else has refreshed or altered since refreshd did. */
    public static Set<ViewId> refreshedByOthers(Handle handle) {
        return handle.createQuery("""
                        SELECT s.view_schema, s.view_name
                        FROM refreshd.view_state s JOIN pg_catalog.pg_class c ON c.oid = s.view_oid
                        WHERE c.relkind = 'm' AND s.storage_xid <> c.xmin AND s.marked <= s.covered
                        """).map((row, context) -> new ViewId(row.getString(1), row.getString(2))).stream()
                .collect(Collectors.toSet());
    }
}
