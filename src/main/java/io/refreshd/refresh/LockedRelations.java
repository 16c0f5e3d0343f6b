package io.refreshd.refresh;

import io.refreshd.database.JdbiFactory;
import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.Query;

/**
 * Finds out whether a relation that a transaction with one snapshot has locked is still the one that its snapshot shows.
 *
 * <p>The server takes the snapshot of such a transaction before its first REFRESH can lock anything. Somebody who commits in between may
 * have truncated a table, which then looks empty although the snapshot sees its rows, attached a partition, or refreshed a view, whose rows
 * would be mixed. Each of these writes the relation's row in {@code pg_class}. Once the relation is locked, nobody can any more.
 *
 * <p>Invariant: the present rows are read on another connection. In the transaction they would be as old as its snapshot.
 */
final class LockedRelations {
    private final Jdbi others;

    LockedRelations(Jdbi jdbi) {
        this.others = JdbiFactory.ofCatalog(jdbi);
    }

    /** Whether a relation that the transaction has locked has changed since its snapshot. */
    boolean changedSince(Handle transaction) {
        // Rows that the transaction itself has written are left out. If somebody else had refreshed one of its views,
        // the snapshot would
        // show the row from before beside its own.
        return differ(versions(transaction.createQuery("""
                SELECT c.oid, c.xmin
                FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
                WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted
                  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                  AND c.xmin IS DISTINCT FROM CAST(pg_catalog.pg_current_xact_id_if_assigned() AS xid)
                """)));
    }

    /** The versions of some relations, as the snapshot shows them. */
    static Map<Long, String> versions(Handle transaction, Collection<Long> oids) {
        return versions(transaction
                .createQuery("SELECT c.oid, c.xmin FROM pg_catalog.pg_class c WHERE c.oid = ANY (CAST(:oids AS oid[]))")
                .bind("oids", oids.stream().map(String::valueOf).toArray(String[]::new)));
    }

    /** Whether some relations have other versions by now. Throws if that cannot be found out. */
    boolean differ(Map<Long, String> before) {
        try (Handle other = others.open()) {
            return !versions(other, before.keySet()).equals(before);
        }
    }

    private static Map<Long, String> versions(Query query) {
        return query.map((row, context) -> Map.entry(row.getLong("oid"), row.getString("xmin"))).stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (one, other) -> one));
    }
}
