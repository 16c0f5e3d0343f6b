package io.refreshd.reconcile;

import io.refreshd.capture.Publication;
import io.refreshd.capture.PublicationState;
import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.CatalogSizeLimit;
import io.refreshd.catalog.Fingerprint;
import io.refreshd.catalog.RelationVersions;
import io.refreshd.catalog.UnsentNames;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.database.JdbiFactory;
import io.refreshd.doctor.RequiredTables;
import io.refreshd.doctor.RequiredTablesReader;
import io.refreshd.ingest.CatalogVersion;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads a {@link CatalogSnapshot}. Reconciles the publication on the way, since what is captured depends on it. */
final class SnapshotReader {
    private static final Logger log = LoggerFactory.getLogger(SnapshotReader.class);

    private final Configuration configuration;
    private final PublicationReconciler publication;
    private final EnrolmentTracker enrolment;
    private final RequiredTablesReader required;
    private final ServerSettings settings = new ServerSettings();
    private Set<ViewId> lacking = Set.of();
    private Set<ViewId> tooLarge = Set.of();

    SnapshotReader(Configuration configuration, EnrolmentTracker enrolment, Supplier<Moment> clock) {
        this.configuration = configuration;
        this.publication = new PublicationReconciler(
                configuration.capture().publication(), configuration.database().user(), clock);
        this.enrolment = enrolment;
        this.required = new RequiredTablesReader(configuration);
    }

    CatalogSnapshot read(Handle handle, Optional<Obstacle> degraded)
            throws SQLException, PrerequisitesMissingException {
        String name = configuration.capture().publication();
        // The fingerprint first: DDL that commits while the rest is read makes the next comparison differ.
        Fingerprint fingerprint = CatalogReader.fingerprint(handle.getConnection());
        RelationVersions versions = CatalogReader.versions(handle.getConnection(), fingerprint);
        Map<Long, Obstacle> notRefreshable = RefreshPrivileges.missing(handle);
        Catalog catalog = CatalogReader.read(handle.getConnection(), configuration.views()::includes, fingerprint);
        warnOfLack(catalog, fingerprint, handle);
        ViewGraph graph = ViewGraph.of(catalog, configuration.views()::includes);
        RequiredTables wanted = required.read(handle, graph);
        Map<TableId, Obstacle> refused = configuration.kafka().isPresent()
                ? publication.compare(handle, wanted.publishable())
                : publication.reconcile(handle, wanted.publishable());
        String publicationVersion = Publication.version(handle.getConnection(), name);
        PublicationState state = Publication.inspect(handle.getConnection(), name)
                .orElseThrow(() -> new SQLException("the publication was dropped a moment ago"));
        return new CatalogSnapshot(
                CatalogVersion.of(fingerprint, versions, catalog, graph, name),
                graph,
                wanted,
                state,
                publicationVersion,
                refused,
                enrolment.compare(handle, wanted.publishable(), state),
                notRefreshable,
                ServerSettings.read(handle),
                degraded);
    }

    private void warnOfLack(Catalog catalog, Fingerprint fingerprint, Handle handle) throws SQLException {
        Set<ViewId> large =
                CatalogSizeLimit.names(handle.getConnection(), fingerprint.leftOut(), configuration.views()::includes);
        if (!large.isEmpty() && !large.equals(tooLarge)) {
            log.atWarn()
                    .addKeyValue("views", large)
                    .log("Views are left out: they read more tables and columns than the heap has room for");
        }
        tooLarge = large;
        Set<ViewId> now = UnsentNames.lackedBy(catalog, handle.getConnection(), configuration.views()::includes);
        now.removeAll(large);
        if (!now.isEmpty() && !now.equals(lacking)) {
            log.atWarn()
                    .addKeyValue("views", now)
                    .log("Views are left out: the server cannot send a name on which they depend");
        }
        lacking = now;
    }

    /**
     * Whether a snapshot read now would be another one. Cheaper than to read it.
     *
     * @param handle for short statements. The fingerprint, and what is as rare, have sessions of their own
     * @param activity of the server, read a moment ago
     * @param checked whether the catalog was compared with the snapshot's version a moment ago, and was unchanged
     */
    boolean isStale(Jdbi jdbi, Handle handle, CatalogSnapshot snapshot, ServerActivity activity, boolean checked)
            throws SQLException {
        Jdbi catalog = JdbiFactory.ofCatalog(jdbi);
        return !(checked
                        || catalog.withHandle(
                                other -> snapshot.version().fingerprint().isCurrent(other.getConnection())))
                || !Publication.version(
                                handle.getConnection(), configuration.capture().publication())
                        .equals(snapshot.publicationVersion())
                || publication.mayJoinNow(handle)
                || settings.haveChanged(catalog, snapshot.settings(), activity)
                || !RefreshPrivileges.missing(handle).equals(snapshot.notRefreshable());
    }

    /** Whether a table waits for what the catalog does not show. */
    boolean waits() {
        return publication.waits();
    }
}
