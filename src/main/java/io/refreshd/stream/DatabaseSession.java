package io.refreshd.stream;

import io.refreshd.capture.Slot;
import io.refreshd.capture.SlotState;
import io.refreshd.config.Configuration;
import io.refreshd.database.ConnectionPools;
import io.refreshd.database.JdbiFactory;
import io.refreshd.ingest.ChangeIngest;
import io.refreshd.ingest.LowWatermark;
import io.refreshd.ingest.WatermarkWriter;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LeasedLedger;
import io.refreshd.ledger.TopicOffsets;
import io.refreshd.ledger.ViewRows;
import io.refreshd.ledger.Watermarks;
import io.refreshd.model.Lsn;
import io.refreshd.model.TopicOffset;
import io.refreshd.reconcile.CatalogReconciler;
import io.refreshd.refresh.Membership;
import io.refreshd.refresh.RoutedCatalog;
import io.refreshd.schedule.EventLoop;
import io.refreshd.schedule.QueueBound;
import io.refreshd.schedule.Scheduler;
import io.refreshd.schedule.SchedulerSettings;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.random.RandomGenerator;
import org.jdbi.v3.core.Handle;

/**
 * All state in memory about one timeline of one database: lease, event loop, ingest, reconciler. Built from the ledger. Thrown away
 * when the server turns out to be another one (failover, restore), since transaction ids and positions then mean something else.
 */
public final class DatabaseSession implements AutoCloseable {
    /** How long a running refresh may go on when the daemon ends, before it is cancelled. Shorter than Kubernetes' 30 s. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    private final Lease lease;
    private final LeasedLedger ledger;
    private final EventLoop loop;
    private final Membership membership;
    private final LowWatermark watermark;
    private final ChangeIngest ingest;
    private final CatalogReconciler reconciler;

    /**
     * Builds the session from the ledger, and starts its event loop.
     *
     * @param lease closed with the session: nothing in it may write without the lease
     */
    static DatabaseSession open(
            Configuration configuration, ConnectionPools connections, Handle handle, Lease lease, Surroundings around) {
        DatabaseSession session = new DatabaseSession(configuration, connections, lease, around, handle);
        session.loop.start();
        return session;
    }

    private DatabaseSession(
            Configuration configuration, ConnectionPools connections, Lease lease, Surroundings around, Handle handle) {
        this.lease = lease;
        this.ledger = new LeasedLedger(connections.jdbi(), lease.token());
        this.watermark = new LowWatermark();
        // The watermarks of the daemon before this one stand for these commit times.
        Watermarks.commitTimes(handle).forEach(watermark::committed);
        RoutedCatalog routed = new RoutedCatalog(connections.jdbi(), around.catalogChanged());
        LoopPorts ports = new LoopPorts(
                ledger, watermark, configuration.refresh(), configuration.views()::notifies, routed, around);
        this.loop = new EventLoop(
                new Scheduler(
                        SchedulerSettings.withMaxConcurrent(
                                        configuration.refresh().maxConcurrent())
                                .with(QueueBound.below(configuration.capture().maxRetained())),
                        ViewRows.highestMark(handle) + 1,
                        RandomGenerator.getDefault()),
                around.clock(),
                ports.ports(),
                GRACE);
        this.membership = new Membership(() -> connections.direct().getConnection());
        WatermarkWriter writer = new WatermarkWriter(
                ledger,
                JdbiFactory.ofCatalog(connections.jdbi()),
                watermark,
                loop,
                configuration.capture().heartbeatInterval(),
                routed);
        String slot = configuration.capture().slot();
        this.ingest = new ChangeIngest(
                ledger,
                loop,
                membership,
                writer,
                () -> configuration.kafka().isPresent() ? begun(connections) : confirmed(connections, slot),
                around.listener(),
                around.clock());
        this.reconciler =
                new CatalogReconciler(configuration, ledger, ingest, writer, around.listener(), around.clock());
    }

    private static Lsn confirmed(ConnectionPools connections, String slot) throws SQLException {
        try (Handle handle = connections.jdbi().open()) {
            return Slot.inspect(handle.getConnection(), slot)
                    .flatMap(SlotState::confirmed)
                    .orElseThrow(() -> new SQLException("replication slot " + slot + " has no position"));
        }
    }

    /** Where the offsets stand from which topics are read. */
    private static Lsn begun(ConnectionPools connections) throws SQLException {
        try (Handle handle = connections.jdbi().open()) {
            return TopicOffsets.read(handle).stream()
                    .map(TopicOffset::position)
                    .max(Comparator.naturalOrder())
                    .orElseThrow(() -> new SQLException("the ledger has no offsets"));
        }
    }

    public Lease lease() {
        return lease;
    }

    public LeasedLedger ledger() {
        return ledger;
    }

    public EventLoop loop() {
        return loop;
    }

    public LowWatermark watermark() {
        return watermark;
    }

    public ChangeIngest ingest() {
        return ingest;
    }

    public CatalogReconciler reconciler() {
        return reconciler;
    }

    @Override
    public void close() {
        loop.close();
        membership.close();
        // Last: whoever waits for the lease may begin at once.
        lease.close();
    }
}
