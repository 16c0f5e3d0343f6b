package io.refreshd.ingest;

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
 * The version of the catalog that changes are routed by. The write-ahead log tells nothing of DDL: a partition that was attached,
 * or a view that was replaced, alters what views should hold without a word.
 *
 * <p>Invariant: a position is claimed only if {@link #check}, called after the position was routed, says {@code UNCHANGED}.
 *
 * @param fingerprint of the catalog; empty in {@link #NONE}, by which nothing can be claimed
 * @param relations oids of the relations that views read
 * @param publication name of the publication
 */
public record CatalogVersion(String fingerprint, Set<Long> relations, String publication) {
    /** The version of no catalog: no position can be claimed by it. */
    public static final CatalogVersion NONE = new CatalogVersion("", Set.of(), "");

    /** How the server's catalog compares with this version. */
    public enum State {
        UNCHANGED,
        /** A running transaction alters a relation that views read. Whether it commits is not known yet. */
        IN_FLUX,
        CHANGED
    }

    /** @param fingerprint read before {@code catalog} was */
    public static CatalogVersion of(String fingerprint, Catalog catalog, String publication) {
        return new CatalogVersion(
                fingerprint,
                catalog.relations().stream()
                        // refreshd's own refresh locks a materialized view, and its rows are not what it should hold.
                        .filter(relation -> relation.kind() != RelationKind.MATERIALIZED_VIEW)
                        .map(Relation::oid)
                        .collect(Collectors.toSet()),
                publication);
    }

    /**
     * Compares the server's catalog with this version. To be called when a position has been routed, before it is claimed.
     *
     * <p>Invariant: locks are read before the fingerprint. A transaction that altered a relation and committed in front of the
     * position either holds its lock still, or is visible to the query for the fingerprint that follows.
     */
    State check(Handle handle) throws SQLException {
        if (CatalogReader.beingAltered(handle.getConnection()).stream().anyMatch(relations::contains)) {
            return State.IN_FLUX;
        }
        boolean same = CatalogReader.fingerprint(handle.getConnection()).equals(fingerprint)
                && EnrolledTables.areCaptured(handle, Publication.IDENTITIES, publication);
        return same ? State.UNCHANGED : State.CHANGED;
    }
}
