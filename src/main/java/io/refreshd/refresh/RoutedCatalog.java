package io.refreshd.refresh;

import io.refreshd.catalog.ViewVersion;
import io.refreshd.database.JdbiFactory;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Makes sure that a view gets the content of the definition and the rights by which changes are routed. What is altered and put back between
 * two readings of the catalog leaves no trace in it, so whatever a refresh did in between would stay: rows of a partition that was
 * attached for a moment, or rows that a policy hid for a moment.
 *
 * <p>Invariant: a refresh that claims a position commits only if the view's version, read while the refresh holds its locks, is the one that
 * the daemon knows. Whoever puts back what was altered has to wait for these locks. Memberships and settings take none, so the version is read
 * before the refresh as well: what comes and goes between the two readings of one refresh is not noticed.
 *
 * <p>The version is read in a session of its own: in the refresh's snapshot it could be as old as that.
 *
 * <p>Thread: any.
 */
public final class RoutedCatalog {
    private final Jdbi jdbi;
    private final Runnable outdated;
    private volatile Map<ViewId, ViewVersion> views = Map.of();

    /** @param outdated asks for the catalog to be read again; returns at once */
    public RoutedCatalog(Jdbi jdbi, Runnable outdated) {
        this.jdbi = jdbi;
        this.outdated = outdated;
    }

    /** Changes are routed by these versions from now on. Of a view that is not among them nothing is asked. */
    public void routeBy(Map<ViewId, ViewVersion> versions) {
        views = versions;
    }

    /** Asks for the catalog to be read again. Returns at once. */
    public void outdated() {
        outdated.run();
    }

    /** Whether one of the views, or something that it reads, is not as the catalog was read. A view of which nothing is claimed does not count. */
    boolean differs(Collection<RefreshTask> tasks) {
        for (RefreshTask task : tasks) {
            ViewVersion version = views.get(task.view());
            if (task.routed().isPresent() && version != null && !isCurrent(version)) {
                outdated();
                return true;
            }
        }
        return false;
    }

    private boolean isCurrent(ViewVersion version) {
        try (Handle other = JdbiFactory.ofCatalog(jdbi).open()) {
            return version.isCurrent(other.getConnection());
        } catch (SQLException e) {
            throw new ConnectionException(e);
        }
    }
}
