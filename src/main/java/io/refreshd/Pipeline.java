package io.refreshd;

import io.refreshd.capture.BatchHandler;
import io.refreshd.ledger.ViewLedger;
import io.refreshd.model.Batch;
import io.refreshd.model.Change;
import io.refreshd.model.Impact;
import io.refreshd.model.Lsn;
import io.refreshd.model.Receipt;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.report.Notice;
import io.refreshd.routing.Router;
import io.refreshd.routing.Routing;
import io.refreshd.schedule.Action;
import io.refreshd.schedule.Event;
import io.refreshd.schedule.EventLoop;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * The path of a change: captured → routed → durably dirty. Called by the capture's thread, batch after batch; the catalog's
 * thread swaps the router.
 */
final class Pipeline implements BatchHandler {
    private final Jdbi jdbi;
    private final EventLoop loop;
    private final Consumer<Notice> listener;

    private Router router;
    /** Transactions that were handed over and not seen to be visible yet. */
    private final Set<Xid> unsettled = new HashSet<>();

    private long stretch;
    private Lsn routed = Lsn.ZERO;
    private Lsn recorded = Lsn.ZERO;

    Pipeline(Jdbi jdbi, EventLoop loop, Router router, Consumer<Notice> listener) {
        this.jdbi = jdbi;
        this.loop = loop;
        this.router = router;
        this.listener = listener;
    }

    @Override
    public Receipt handle(Batch batch) throws InterruptedException {
        Routing routing = route(batch);
        tell(batch, routing);
        Optional<Action.Mark> mark = routing.impacts().isEmpty()
                ? Optional.empty()
                : loop.ask(new Event.Affected(routing.impacts()));
        Snapshot snapshot = mark.isEmpty()
                ? jdbi.withHandle(Pipeline::snapshot)
                : makeDurable(mark.get(), since(routing.impacts()));
        return settle(snapshot);
    }

    @Override
    public void routedTo(Lsn position, Snapshot snapshot) {
        synchronized (this) {
            routed = routed.max(position);
        }
        loop.post(new Event.RoutedTo(position, snapshot));
    }

    /** How far the stream has come in which stretch of it. */
    record Progress(long stretch, Lsn routed) {}

    /** The stream goes on, or begins anew, at a position that the ledger holds already. */
    synchronized void begin(long number, Lsn position) {
        stretch = number;
        routed = position;
        recorded = position;
        unsettled.clear();
    }

    /** Every transaction that committed at or before it has been routed and seen to be visible. */
    synchronized Progress progress() {
        return new Progress(stretch, routed);
    }

    /** The ledger holds this position now, so the slot may be told. */
    synchronized void recorded(Progress progress) {
        if (progress.stretch() == stretch) {
            recorded = recorded.max(progress.routed());
        }
    }

    /**
     * Routes by another catalog from now on.
     *
     * @return transactions that were routed by the old one and may not be visible yet: a refresh of what the new catalog adds
     *     has to wait for them
     */
    synchronized Set<Xid> swap(Router next) {
        router = next;
        return Set.copyOf(unsettled);
    }

    /** Writes a mark and tells the loop; also for needs that did not come from the stream. */
    Snapshot makeDurable(Action.Mark mark, Map<ViewId, Instant> since) {
        Snapshot snapshot = jdbi.inTransaction(transaction -> {
            // The mark is worth nothing on a standby, where another timeline makes every view dirty anyway.
            transaction.execute("SET LOCAL synchronous_commit = local");
            Map<ViewId, Instant> rows = mark.views().stream()
                    .collect(Collectors.toMap(view -> view, view -> since.getOrDefault(view, Instant.EPOCH)));
            ViewLedger.mark(transaction, mark.number(), rows, progress().routed());
            // Stands behind the commits that caused the mark, so that the routed position passes them without delay.
            transaction.execute("SELECT pg_logical_emit_message(false, 'refreshd:mark', '')");
            return snapshot(transaction);
        });
        loop.post(new Event.Marked(mark.number(), mark.views()));
        return snapshot;
    }

    private synchronized Routing route(Batch batch) {
        batch.changes().forEach(change -> unsettled.add(change.xid()));
        return router.route(batch.changes());
    }

    private synchronized Receipt settle(Snapshot snapshot) {
        unsettled.removeIf(snapshot::sees);
        return new Receipt(snapshot, recorded);
    }

    private void tell(Batch batch, Routing routing) {
        for (Change change : batch.changes()) {
            change.rows()
                    .forEach((operation, rows) ->
                            listener.accept(new Notice.RowsChanged(change.table(), operation, rows)));
        }
        routing.avoided().forEach(listener);
    }

    private static Map<ViewId, Instant> since(Iterable<Impact> impacts) {
        Map<ViewId, Instant> since = new HashMap<>();
        impacts.forEach(impact -> since.put(impact.view(), impact.oldestCommit()));
        return since;
    }

    private static Snapshot snapshot(Handle handle) {
        return Snapshot.parse(handle.createQuery("SELECT pg_current_snapshot()::text")
                .mapTo(String.class)
                .one());
    }
}
