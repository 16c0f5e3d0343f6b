package io.refreshd.reconcile;

import io.refreshd.ledger.LeasedLedger;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drops what is left of incremental views that somebody dropped: the table with their rows, the definition, and the row of the ledger.
 *
 * <p>Invariant: only a relation of refreshd's own schema is dropped that has the oid in the ledger and a name that ends in the oid of a
 * view that is gone. In a restored dump other relations may have these oids.
 *
 * <p>Failure: what cannot be dropped, since something stands on it or holds it locked, stays, and is tried again the next time.
 */
final class DroppedIncrementalViews {
    private static final Logger log = LoggerFactory.getLogger(DroppedIncrementalViews.class);

    private static final String LEFT = """
            SELECT i.view_oid::int8 AS view,
                   'VIEW ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(d.relname) AS definition,
                   'TABLE ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(s.relname) AS store
              FROM refreshd.incremental_view i
              CROSS JOIN pg_catalog.pg_namespace n
              LEFT JOIN pg_catalog.pg_class s
                ON s.oid = i.store_oid AND s.relkind = 'r' AND s.relnamespace = n.oid
               AND right(s.relname::text, 1 + length(i.view_oid::text)) = '_' || i.view_oid::text
              LEFT JOIN pg_catalog.pg_class d
                ON d.oid = i.definition_oid AND d.relkind = 'v' AND d.relnamespace = n.oid
               AND right(d.relname::text, 12 + length(i.view_oid::text)) = '_' || i.view_oid::text || '_definition'
             WHERE n.nspname = 'refreshd_store' AND (s.oid IS NOT NULL OR d.oid IS NOT NULL)
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_class v WHERE v.oid = i.view_oid)
            """;

    private static final String MAPS = """
            SELECT p.kind || ' ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
              FROM refreshd.incremental_map m
              CROSS JOIN LATERAL (VALUES (m.definition_oid, 'v', 'VIEW', '_definition'), (m.store_oid, 'r', 'TABLE', ''))
                                 p (oid, relkind, kind, suffix)
              JOIN pg_catalog.pg_class c ON c.oid = p.oid AND c.relkind::text = p.relkind
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'refreshd_store'
             WHERE m.view_oid = (:view)::oid
               AND c.relname LIKE '%\\_' || m.view_oid::text || '\\_map' || m.number::text || p.suffix
             ORDER BY m.number DESC, p.kind DESC
            """;

    private final LeasedLedger ledger;

    DroppedIncrementalViews(LeasedLedger ledger) {
        this.ledger = ledger;
    }

    /** @param relations the definition before the table on which it does not stand, each with its kind */
    private record Remains(long view, List<String> relations) {
        Remains with(List<String> more) {
            return new Remains(
                    view, Stream.concat(relations.stream(), more.stream()).toList());
        }
    }

    private static List<String> maps(Handle handle, long view) {
        return handle.createQuery(MAPS).bind("view", view).mapTo(String.class).list();
    }

    void drop(Handle handle) {
        List<Remains> remains = handle.createQuery(LEFT)
                .map((row, context) -> new Remains(
                        row.getLong("view"),
                        Stream.of(
                                        Optional.ofNullable(row.getString("definition")),
                                        Optional.ofNullable(row.getString("store")))
                                .flatMap(Optional::stream)
                                .toList()))
                .list();
        // Maps of rows to groups have no meaning without the view, and nothing stands on them but totals.
        remains =
                remains.stream().map(one -> one.with(maps(handle, one.view()))).toList();
        remains.forEach(one -> drop(handle, one));
    }

    private void drop(Handle handle, Remains remains) {
        try {
            ledger.write(handle, transaction -> {
                transaction.execute("SET LOCAL lock_timeout = '1s'");
                remains.relations().forEach(relation -> transaction.execute("DROP " + relation));
                transaction.execute("DELETE FROM refreshd.incremental_view WHERE view_oid = ?", remains.view());
            });
            log.atInfo().addKeyValue("dropped", remains.relations()).log("An incremental view was dropped");
        } catch (JdbiException e) {
            log.atWarn()
                    .addKeyValue("relations", remains.relations())
                    .setCause(e)
                    .log("Could not drop what is left of an incremental view that was dropped; trying again later");
        }
    }
}
