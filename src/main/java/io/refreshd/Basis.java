package io.refreshd;

import io.refreshd.capture.Publication;
import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.Relation;
import io.refreshd.catalog.RelationKind;
import io.refreshd.ledger.EnrolledTables;
import java.sql.SQLException;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * The catalog by which changes are routed. The log tells nothing of DDL, so a position that was routed may be claimed only if
 * the catalog is still the same after it was read: a partition that was attached in front of it, a view that was replaced,
 * changed what views should hold without a word.
 *
 * @param fingerprint empty: of no catalog at all, on which nothing can be claimed
 * @param relations oids of what the views read
 * @param publication its name
 */
record Basis(String fingerprint, Set<Long> relations, String publication) {
    static final Basis NONE = new Basis("", Set.of(), "");

    /** Whether it can be stood on. */
    enum Ground {
        FIRM,
        /** Somebody is altering it; whether to his end or not will be seen. */
        MOVING,
        MOVED
    }

    /** @param fingerprint that was read before the catalog was */
    static Basis of(String fingerprint, Catalog catalog, String publication) {
        return new Basis(
                fingerprint,
                catalog.relations().stream()
                        // A refresh by ourselves locks it; what it should hold does not lie in it.
                        .filter(relation -> relation.kind() != RelationKind.MATERIALIZED_VIEW)
                        .map(Relation::oid)
                        .collect(Collectors.toSet()),
                publication);
    }

    /**
     * To be called when a position has been routed, before it is claimed. The locks first: a transaction that altered something
     * and committed in front of the position either holds them still or is visible to the look at the catalog that follows.
     */
    Ground look(Handle handle) throws SQLException {
        if (CatalogReader.beingAltered(handle.getConnection()).stream().anyMatch(relations::contains)) {
            return Ground.MOVING;
        }
        boolean same = CatalogReader.fingerprint(handle.getConnection()).equals(fingerprint)
                && EnrolledTables.areCaptured(handle, Publication.IDENTITIES, publication);
        return same ? Ground.FIRM : Ground.MOVED;
    }
}
