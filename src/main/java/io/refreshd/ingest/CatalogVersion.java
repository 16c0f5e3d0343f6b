package io.refreshd.ingest;

import io.refreshd.capture.Publication;
import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.DependentViews;
import io.refreshd.catalog.Fingerprint;
import io.refreshd.catalog.ObjectInFlux;
import io.refreshd.catalog.ObjectsInFlux;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.ledger.EnrolledTables;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * The version of the catalog that changes are routed by. The write-ahead log tells nothing of DDL: a partition that was attached,
 * or a view that was replaced, alters what views should hold without a word.
 *
 * <p>Invariant: a position is claimed for a view only if {@link #check}, called after the position was routed, says {@code UNCHANGED}
 * and does not name the view as in flux; or if the catalog that was read after it differs in ways that do not concern the view
 * ({@link WatermarkWriter#claim}).
 *
 * @param fingerprint of the catalog
 * @param dependents which views depend on what others may be altering
 * @param objects views whose content depends on an object that a transaction was altering when the catalog was read
 * @param publication name of the publication
 */
public record CatalogVersion(
        Fingerprint fingerprint, DependentViews dependents, Map<ViewId, ObjectInFlux> objects, String publication) {
    /** The version of no catalog: no position can be claimed by it. */
    public static final CatalogVersion NONE = new CatalogVersion(Fingerprint.NONE, DependentViews.NONE, Map.of(), "");

    /** How what others can see of the server's catalog compares with this version. */
    public enum State {
        UNCHANGED,
        CHANGED
    }

    /**
     * How the server's catalog compares with this version.
     *
     * @param inFlux views of which a running transaction alters or locks something that they read or depend on, with its name.
     *     Whether that transaction commits is not known yet
     */
    record Check(State state, Map<ViewId, String> inFlux) {}

    /** @param fingerprint read before {@code catalog} was */
    public static CatalogVersion of(Fingerprint fingerprint, Catalog catalog, ViewGraph graph, String publication) {
        return new CatalogVersion(fingerprint, DependentViews.of(catalog, graph), graph.inFlux(), publication);
    }

    /**
     * Compares the server's catalog with this version. To be called when a position has been routed, before it is claimed.
     *
     * <p>DDL on a function or type shows in the fingerprint as soon as the transaction has made the change. Then the catalog is read, and
     * the views concerned are in flux until that transaction has ended. A row that replaces none, such as a membership, shows nothing
     * of the kind; the statements that write such rows keep a lock.
     *
     * <p>Invariant: the position is read before the locks, and the locks before the fingerprint. A transaction that altered something and
     * committed in front of the position either holds its lock still, or is visible to the query for the fingerprint that follows.
     * Exceptions, which are worded in freshness.md: a new function, operator or type that a body in the form of a string means from
     * now on, and roles that are altered with another's rights. Neither leaves a lock or a replaced row.
     */
    Check check(Handle handle) throws SQLException {
        Map<ViewId, String> inFlux = inFlux(handle.getConnection());
        boolean same = !ObjectsInFlux.anyEnded(handle.getConnection(), objects.values())
                && fingerprint.isCurrent(handle.getConnection())
                && areTablesCaptured(handle);
        return new Check(same ? State.UNCHANGED : State.CHANGED, inFlux);
    }

    boolean areTablesCaptured(Handle handle) {
        return EnrolledTables.areCaptured(handle, Publication.IDENTITIES, publication);
    }

    /** The views of which a running transaction alters or locks something, with its name. */
    Map<ViewId, String> inFlux(Connection connection) throws SQLException {
        Map<ViewId, String> found = new HashMap<>(dependents.on(CatalogReader.beingAltered(connection)));
        objects.forEach((view, object) -> found.putIfAbsent(view, object.object()));
        return found;
    }
}
