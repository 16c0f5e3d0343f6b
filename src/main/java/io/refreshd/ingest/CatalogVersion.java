package io.refreshd.ingest;

import io.refreshd.capture.Publication;
import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.DependentViews;
import io.refreshd.catalog.Fingerprint;
import io.refreshd.catalog.ObjectInFlux;
import io.refreshd.catalog.ObjectsInFlux;
import io.refreshd.catalog.RelationVersions;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.catalog.ViewVersion;
import io.refreshd.ledger.EnrolledTables;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
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
 * @param views the version of each view with what it reads ({@link RelationVersions#ofViews})
 * @param dependents which views depend on what others may be altering
 * @param objects views whose content depends on an object that a transaction was altering when the catalog was read
 * @param publication name of the publication
 */
public record CatalogVersion(
        Fingerprint fingerprint,
        Map<ViewId, ViewVersion> views,
        DependentViews dependents,
        Map<ViewId, ObjectInFlux> objects,
        String publication) {
    /** The version of no catalog: no position can be claimed by it. */
    public static final CatalogVersion NONE =
            new CatalogVersion(Fingerprint.NONE, Map.of(), DependentViews.NONE, Map.of(), "");

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

    /** @param fingerprint read before {@code versions}, and these before {@code catalog} */
    public static CatalogVersion of(
            Fingerprint fingerprint, RelationVersions versions, Catalog catalog, ViewGraph graph, String publication) {
        return new CatalogVersion(
                fingerprint,
                versions.ofViews(catalog, graph),
                DependentViews.of(catalog, graph),
                graph.inFlux(),
                publication);
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
                && lostTables(handle).isEmpty();
        return new Check(same ? State.UNCHANGED : State.CHANGED, inFlux);
    }

    /** The views of which a running transaction alters or locks something, with its name. */
    Map<ViewId, String> inFlux(Connection connection) throws SQLException {
        Map<ViewId, String> found = new HashMap<>(dependents.on(CatalogReader.beingAltered(connection)));
        objects.forEach((view, object) -> found.putIfAbsent(view, object.object()));
        return found;
    }

    /** Oids of the tables that are not captured as they were enrolled. */
    private List<Long> lostTables(Handle handle) {
        return EnrolledTables.lost(handle, Publication.IDENTITIES, publication);
    }

    /** The views for which nothing may be claimed that was routed up to now, with what was altered: in flux, or by a table that is lost. */
    Map<ViewId, String> unclaimable(Handle handle) throws SQLException {
        Map<ViewId, String> found = inFlux(handle.getConnection());
        dependents.onRelations(lostTables(handle)).forEach(found::putIfAbsent);
        return found;
    }

    /** The views of this catalog that are not certain to be the same by a former one, with all that they read. */
    Set<ViewId> alteredSince(CatalogVersion former) {
        return views.entrySet().stream()
                .filter(view -> !view.getValue().isKnown() || !view.getValue().equals(former.views.get(view.getKey())))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }
}
