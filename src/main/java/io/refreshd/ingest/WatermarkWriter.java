package io.refreshd.ingest;

import io.refreshd.ledger.LeasedLedger;
import io.refreshd.ledger.StreamRow;
import io.refreshd.model.ViewId;
import io.refreshd.refresh.RoutedCatalog;
import io.refreshd.schedule.EventLoop;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Raises the low watermark and writes it to the ledger. It is raised only if the server's catalog is still the version that the
 * position was routed by, and only for views of which nobody alters a relation.
 *
 * <p>Thread: {@link #write} is called by one thread at a time; the rest by any.
 */
public final class WatermarkWriter {
    private final LeasedLedger ledger;
    private final Jdbi catalog;
    private final LowWatermark watermark;
    private final Duration heartbeat;
    private final RoutedCatalog routing;
    private final FrozenClaims frozen;

    private CatalogVersion version = CatalogVersion.NONE;
    private Optional<CatalogVersion.State> lastCheck = Optional.empty();
    private boolean behind;
    /** Whether a check found the server's catalog to be this version. */
    private boolean confirmed;

    /**
     * @param catalog sessions for queries of the catalog
     * @param heartbeat how often the ledger hears of the watermark; the ledger stores it for those who ask whether a daemon runs
     * @param routing is told of the version, and asked for a reconciliation before nothing can be claimed
     */
    public WatermarkWriter(
            LeasedLedger ledger,
            Jdbi catalog,
            LowWatermark watermark,
            EventLoop loop,
            Duration heartbeat,
            RoutedCatalog routing) {
        this.ledger = ledger;
        this.catalog = catalog;
        this.watermark = watermark;
        this.heartbeat = heartbeat;
        this.routing = routing;
        this.frozen = new FrozenClaims(ledger, watermark, loop);
    }

    LowWatermark watermark() {
        return watermark;
    }

    Duration interval() {
        return heartbeat;
    }

    /** What is routed from now on is routed by this version of the catalog. */
    synchronized void routeBy(CatalogVersion next) {
        version = next;
        routing.routeBy(next.views());
        lastCheck = Optional.empty();
        confirmed = false;
    }

    /**
     * Excludes from what is claimed the views of which a running transaction alters a relation. To be called in the transaction that
     * registers the views of another catalog, before the scheduler knows them.
     */
    void freezeInFlux(Handle transaction) {
        try {
            frozen.add(transaction, version().inFlux(transaction.getConnection()));
        } catch (SQLException e) {
            throw new ConnectionException(e);
        }
    }

    /** Whether the last write claimed nothing, or not for all views, so that the next one is waited for. */
    public synchronized boolean isBehind() {
        return behind;
    }

    /** The result of the last check of the catalog, handed out once; empty if there was none since. */
    public synchronized Optional<CatalogVersion.State> takeLastCheck() {
        Optional<CatalogVersion.State> taken = lastCheck;
        lastCheck = Optional.empty();
        return taken;
    }

    /**
     * Claims what has been routed, if the catalog is unchanged, and writes what is claimed to the ledger. Blocks on the server.
     *
     * @param turn is held while batches are taken in, or the routing table is swapped. While the server compares the catalog, both may go on
     * @param claimed is run in turn when a position was claimed
     */
    void write(Lock turn, Runnable claimed) {
        Routed routed = routed(turn);
        CatalogVersion routedBy = routed.by();
        CatalogVersion.Check check = check(routedBy);
        if (check.state() == CatalogVersion.State.UNCHANGED) {
            turn.lock();
            try {
                claim(routed, check, claimed);
            } finally {
                turn.unlock();
            }
        }
        remember(routedBy, check);
        if (check.state() == CatalogVersion.State.CHANGED) {
            routing.outdated();
        }
        writeDown(watermark.claimed());
    }

    /** @param by the version of the catalog by which the next batch would be routed */
    private record Routed(LowWatermark.Position position, CatalogVersion by) {}

    /** Is read before the check, which covers what was routed before it, and no more. */
    private Routed routed(Lock turn) {
        turn.lock();
        try {
            return new Routed(watermark.routed(), version());
        } finally {
            turn.unlock();
        }
    }

    /**
     * What was routed before another catalog was read.
     *
     * @param by the version of the catalog by which it was routed
     * @param confirmed whether the server's catalog was found to be that version, so that positions were claimed by it
     * @param unclaimable views of which something was altered after the position was routed ({@link CatalogVersion#unclaimable})
     */
    public record Unclaimed(
            LowWatermark.Position position, CatalogVersion by, boolean confirmed, Map<ViewId, String> unclaimable) {}

    /** In the order of {@link CatalogVersion#check}: the other catalog is read after that. */
    Unclaimed unclaimed(Lock turn, Handle handle) throws SQLException {
        Routed routed = routed(turn);
        return new Unclaimed(
                routed.position(), routed.by(), isConfirmed(), routed.by().unclaimable(handle));
    }

    /**
     * Claims what was routed by the former catalog, for the views that are the same by the present one, with all that they read. If a
     * function or type is another one, views whose content depends on it are marked by now, or in flux. All other views wait for the next
     * check of the catalog. Else whoever may create a view or a function, if only a temporary one, could go on so that nothing is ever
     * claimed. To be called in turn, after the marks of altered views are durable.
     *
     * <p>A catalog that was altered once will be confirmed by the next check, which claims for all views. So that they wait for it is not worth
     * a note in the ledger.
     */
    void claim(Unclaimed former, Handle handle, Runnable claimed) {
        CatalogVersion present = version();
        Set<ViewId> altered = present.alteredSince(former.by());
        boolean once = former.confirmed() && !altered.isEmpty();
        if (once || altered.size() == present.views().size()) {
            return;
        }
        try {
            Map<ViewId, String> inFlux = new HashMap<>(former.unclaimable());
            inFlux.putAll(present.inFlux(handle.getConnection()));
            frozen.set(inFlux, altered);
        } catch (SQLException e) {
            throw new ConnectionException(e);
        }
        watermark.claim(former.position());
        claimed.run();
    }

    /** By another catalog, other views may be in flux. */
    private void claim(Routed routed, CatalogVersion.Check check, Runnable claimed) {
        if (version().equals(routed.by())) {
            confirm();
            frozen.set(check.inFlux(), Set.of());
            watermark.claim(routed.position());
            claimed.run();
        }
    }

    private CatalogVersion.Check check(CatalogVersion routedBy) {
        try {
            return catalog.withHandle(routedBy::check);
        } catch (SQLException e) {
            throw new ConnectionException(e);
        }
    }

    private synchronized void confirm() {
        confirmed = true;
    }

    private synchronized boolean isConfirmed() {
        return confirmed;
    }

    private synchronized CatalogVersion version() {
        return version;
    }

    private synchronized void remember(CatalogVersion checked, CatalogVersion.Check check) {
        boolean present = version.equals(checked);
        lastCheck = present ? Optional.of(check.state()) : Optional.empty();
        behind = !present
                || check.state() == CatalogVersion.State.CHANGED
                || !check.inFlux().isEmpty();
    }

    private void writeDown(LowWatermark.Position claimed) {
        ledger.write(transaction -> StreamRow.advance(
                transaction,
                claimed.epoch(),
                claimed.lsn(),
                watermark.read(),
                watermark.commitTime(claimed.lsn()),
                heartbeat));
        watermark.durable(claimed);
    }
}
