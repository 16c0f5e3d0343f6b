package io.refreshd.ingest;

import io.refreshd.capture.BatchHandler;
import io.refreshd.capture.Heartbeat;
import io.refreshd.capture.LogDemand;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.ledger.LeasedLedger;
import io.refreshd.model.Batch;
import io.refreshd.model.Interest;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Receipt;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xids;
import io.refreshd.refresh.Membership;
import io.refreshd.report.Notice;
import io.refreshd.routing.Router;
import io.refreshd.routing.Routing;
import io.refreshd.schedule.Action;
import io.refreshd.schedule.Event;
import io.refreshd.schedule.EventLoop;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * The path of a change: captured, routed, durably marked, acknowledged.
 *
 * <p>Thread: the capture thread hands over batch after batch. Another thread may {@link #pause} between two batches, to swap the
 * routing table.
 */
public final class ChangeIngest implements BatchHandler {
    private final EventLoop loop;
    private final LowWatermark watermark;
    private final WatermarkWriter writer;
    private final MarkWriter marks;
    private final SignalHandler signals;
    private final CandidateFilter candidates;
    private final BatchReporter reporter;
    private final SlotPosition slot;
    private final IdleDetector idle = new IdleDetector();
    /** Apart from the batches: to compare the catalog takes longer than most of them. */
    private final LatestTask claims = new LatestTask("refreshd-watermark", this::claim);

    /** Held while a batch is taken in, or while ingest is paused. Guards {@code router} and {@code unsettled}. */
    private final ReentrantLock turn = new ReentrantLock();

    /** Written under {@code turn}. The thread that reads the log reads it too, and a former router serves it as well. */
    private volatile Router router = new Router(ViewGraph.EMPTY);
    /** Transactions that were handed over, and are not seen to be visible yet. */
    private Xids unsettled = Xids.NONE;
    /** In which the transactions before the routed position were seen. */
    private @Nullable Snapshot seen;
    /** Whether the loop knows where the present stream began. Used in turn with batches, and by {@link #begin} between two streams. */
    private boolean streams;
    /** The loop is told of each batch up to this position: it was routed before this stream, which delivers some of it again. */
    private Lsn again = Lsn.ZERO;

    /** Tells where the slot stands. */
    public interface SlotPosition {
        /** The position that the slot has confirmed. */
        Lsn confirmed() throws SQLException;
    }

    public ChangeIngest(
            LeasedLedger ledger,
            EventLoop loop,
            Membership membership,
            WatermarkWriter writer,
            SlotPosition slot,
            Consumer<Notice> listener,
            Supplier<Moment> clock) {
        this.loop = loop;
        this.slot = slot;
        this.writer = writer;
        this.watermark = writer.watermark();
        this.marks = new MarkWriter(ledger, watermark, loop, clock);
        this.signals = new SignalHandler(ledger, loop, writer, claims, clock);
        this.candidates = new CandidateFilter(loop, membership);
        this.reporter = new BatchReporter(watermark, listener, clock);
    }

    public MarkWriter marks() {
        return marks;
    }

    @Override
    public Receipt handle(Batch batch) throws InterruptedException, SQLException {
        turn.lockInterruptibly();
        try {
            return take(batch);
        } finally {
            turn.unlock();
        }
    }

    private Receipt take(Batch batch) throws InterruptedException, SQLException {
        claims.throwFailure();
        if (!streams) {
            // Nobody else can move the slot while this stream reads from it, and nothing of it is acknowledged yet.
            loop.post(new Event.StreamBegan(slot.confirmed()));
            streams = true;
        }
        unsettled = Xids.union(List.of(unsettled, batch.xids()));
        Routing routing = router.route(batch.changes());
        reporter.report(batch, routing);
        Snapshot snapshot = mark(candidates.affected(routing));
        signals.handle(batch.signals(), batch.position());
        readAgain(batch.position());
        unsettled = unsettled.unseenBy(snapshot);
        idle.taken(isSilent(batch), unsettled.isEmpty());
        return new Receipt(snapshot, acknowledgeable());
    }

    private static boolean isSilent(Batch batch) {
        return batch.changes().isEmpty()
                && batch.signals().stream()
                        .allMatch(signal -> Heartbeat.emittedAt(signal).isPresent());
    }

    private void readAgain(Lsn position) {
        if (!again.equals(Lsn.ZERO)) {
            loop.post(new Event.ReadTo(position));
            again = position.compareTo(again) < 0 ? again : Lsn.ZERO;
        }
    }

    /** What the ledger holds need not be read again, unless incremental views wait for it. */
    private Lsn acknowledgeable() throws InterruptedException {
        Lsn durable = watermark.durable();
        return loop.logNeededFrom().filter(from -> from.compareTo(durable) < 0).orElse(durable);
    }

    /** @return a snapshot read after the views that are affected were marked durably */
    private Snapshot mark(Event.Affected affected) throws InterruptedException {
        Optional<Action.Mark> mark =
                affected.impacts().isEmpty() && affected.skipped().isEmpty() ? Optional.empty() : loop.ask(affected);
        return mark.isEmpty() ? marks.snapshot() : marks.write(mark.get(), since(affected));
    }

    private static Map<ViewId, Instant> since(Event.Affected affected) {
        Map<ViewId, Instant> since = new HashMap<>();
        affected.skipped()
                .forEach(skipped -> since.put(
                        skipped.otherwise().view(), skipped.otherwise().oldestCommit()));
        affected.impacts().forEach(impact -> since.put(impact.view(), impact.oldestCommit()));
        return since;
    }

    @Override
    public Interest interestIn(TableId table) {
        return router.interestIn(table);
    }

    @Override
    public boolean isIdle() {
        return idle.isIdle() && !writer.isBehind();
    }

    @Override
    public LogDemand demand() {
        return watermark.demand();
    }

    @Override
    public void routedTo(Lsn position, Snapshot snapshot) {
        turn.lock();
        try {
            watermark.routed(position);
            seen = snapshot;
            signals.routed();
            loop.post(new Event.RoutedTo(watermark.claimed().lsn(), position, snapshot));
        } finally {
            turn.unlock();
        }
    }

    private void claim() {
        writer.write(turn, this::claimed);
    }

    private void claimed() {
        loop.post(new Event.RoutedTo(watermark.claimed().lsn(), Lsn.ZERO, Objects.requireNonNull(seen)));
    }

    /**
     * What has been routed so far; empty if no stream has begun, as while the slot is missing. To be called before another catalog is read:
     * {@link Pause#claim}.
     */
    public Optional<WatermarkWriter.Unclaimed> unclaimed(Handle handle) throws SQLException {
        return seen == null ? Optional.empty() : Optional.of(writer.unclaimed(turn, handle));
    }

    /** Whether everything that was handed over is known to be visible. */
    public boolean isSettled() {
        turn.lock();
        try {
            return unsettled.isEmpty();
        } finally {
            turn.unlock();
        }
    }

    /** When this run read its last batch, heartbeats included: the proof that the stream is alive. Empty before the first. */
    public Optional<Instant> lastBatch() {
        return reporter.lastBatch();
    }

    /** How far the log has ever been read. A run that reads the same part again does not move it. */
    public Lsn reached() {
        return reporter.reached();
    }

    /**
     * The stream goes on, or begins an epoch, at a position that the ledger holds already. To be called while nothing streams.
     *
     * @param snapshot read after the position was
     */
    public void begin(long epoch, Lsn position, Snapshot snapshot) {
        claims.end();
        turn.lock();
        try {
            seen = snapshot;
            // They were not acknowledged, so the next run delivers them again.
            unsettled = Xids.NONE;
            streams = false;
            again = position;
        } finally {
            turn.unlock();
        }
        watermark.begin(epoch, position);
        reporter.begin();
        idle.reset();
        loop.post(new Event.RoutedTo(position, Lsn.ZERO, snapshot));
    }

    /**
     * Stops ingest between two batches until the pause is closed, by the thread that asked for it.
     *
     * <p>Invariant: while the routing table is swapped, no batch is routed and no position moves until scheduler and ledger know of
     * the new catalog too. Otherwise a change could be routed to a view that the scheduler does not know yet, or be counted as
     * contained in a view that waits for it.
     */
    public Pause pause() throws InterruptedException {
        turn.lockInterruptibly();
        return new Pause();
    }

    /** The time between two batches, in which the routing table may be swapped. */
    public final class Pause implements AutoCloseable {
        private Pause() {}

        /** Routes by another catalog from now on. */
        public void swap(Router next, CatalogVersion version) {
            router = next;
            candidates.forget(next.stores());
            writer.routeBy(version);
        }

        /**
         * Excludes from what is claimed the views of the other catalog of which a running transaction alters a relation. To be called in
         * the transaction that registers these views, before the scheduler knows them.
         */
        public void freezeInFlux(Handle transaction) {
            writer.freezeInFlux(transaction);
        }

        /** Claims what was routed by the former catalog for the views that are the same by this one. */
        public void claim(WatermarkWriter.Unclaimed former, Handle handle) {
            writer.claim(former, handle, ChangeIngest.this::claimed);
        }

        /**
         * Transactions that were routed by the former catalog and may not be visible yet. A refresh of what the new catalog adds
         * has to wait for them.
         */
        public Xids unsettled() {
            return unsettled;
        }

        @Override
        public void close() {
            turn.unlock();
        }
    }
}
