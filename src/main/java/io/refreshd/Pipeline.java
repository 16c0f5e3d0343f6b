package io.refreshd;

import io.refreshd.capture.BatchHandler;
import io.refreshd.capture.Heartbeat;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.Requests;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Batch;
import io.refreshd.model.Change;
import io.refreshd.model.Impact;
import io.refreshd.model.Interest;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Operation;
import io.refreshd.model.Receipt;
import io.refreshd.model.Signal;
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
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * The path of a change: captured → routed → durably dirty. Called by the capture's thread, batch after batch; the catalog's
 * thread swaps the router.
 */
final class Pipeline implements BatchHandler {
    private final Jdbi jdbi;
    private final long lease;
    private final EventLoop loop;
    private final Membership membership;
    private final Frontier frontier;
    private final Consumer<Notice> listener;
    private final Supplier<Moment> clock;

    /** Held while a batch is taken or the catalog is changed: one after the other. Guards router and unsettled. */
    private final ReentrantLock turn = new ReentrantLock();

    /** Written in turn; read also by the thread that reads the log, for which an old one is as good. */
    private volatile Router router;
    /** Transactions that were handed over and not seen to be visible yet. */
    private Xids unsettled = Xids.NONE;

    private boolean fenced;

    private Optional<Instant> lastMessage = Optional.empty();
    private Lsn reached = Lsn.ZERO;

    /** @param lease token of the right to write to the ledger */
    Pipeline(
            Jdbi jdbi,
            long lease,
            Frontier frontier,
            EventLoop loop,
            Membership membership,
            Consumer<Notice> listener,
            Supplier<Moment> clock) {
        this.jdbi = jdbi;
        this.lease = lease;
        this.frontier = frontier;
        this.loop = loop;
        this.membership = membership;
        this.router = new Router(ViewGraph.EMPTY);
        this.listener = listener;
        this.clock = clock;
    }

    @Override
    public Receipt handle(Batch batch) throws InterruptedException {
        turn.lockInterruptibly();
        try {
            return take(batch);
        } finally {
            turn.unlock();
        }
    }

    private Receipt take(Batch batch) throws InterruptedException {
        Routing routing = route(batch);
        tell(batch, routing);
        Event.Affected affected = ask(routing);
        Optional<Action.Mark> mark =
                affected.impacts().isEmpty() && affected.skipped().isEmpty() ? Optional.empty() : loop.ask(affected);
        Snapshot snapshot =
                mark.isEmpty() ? jdbi.withHandle(Pipeline::snapshot) : makeDurable(mark.get(), since(affected));
        heed(batch.signals(), batch.position());
        return settle(snapshot);
    }

    /**
     * Asks the candidates whether they show the rows that changed: those that lack nothing and stay so. What another shows says
     * nothing about what it will show after the refresh that it waits for.
     */
    private Event.Affected ask(Routing routing) throws InterruptedException {
        if (routing.candidates().isEmpty()) {
            return new Event.Affected(routing.impacts());
        }
        Map<ViewId, Long> resting =
                loop.resting(routing.candidates().stream().map(Impact::view).toList());
        Set<ViewId> showing = membership.showing(routing.candidates().stream()
                .filter(candidate -> resting.containsKey(candidate.view()))
                .toList());
        List<Impact> impacts = new ArrayList<>(routing.impacts());
        List<Event.Skipped> skipped = new ArrayList<>();
        for (Impact candidate : routing.candidates()) {
            Long since = resting.get(candidate.view());
            if (since == null || showing.contains(candidate.view())) {
                impacts.add(candidate);
            } else {
                skipped.add(new Event.Skipped(candidate, since));
            }
        }
        return new Event.Affected(impacts, skipped);
    }

    @Override
    public Interest interestIn(TableId table) {
        return router.interestIn(table);
    }

    @Override
    public void routedTo(Lsn position, Snapshot snapshot) {
        turn.lock();
        try {
            frontier.routed(position);
            if (fenced) {
                // Whoever put up the fence waits for the ledger to say so.
                fenced = false;
                frontier.claim();
            }
            loop.post(new Event.RoutedTo(frontier.progress().claimed(), snapshot));
        } finally {
            turn.unlock();
        }
    }

    /** Whether everything that was handed over is known to be visible. */
    boolean isSettled() {
        turn.lock();
        try {
            return unsettled.isEmpty();
        } finally {
            turn.unlock();
        }
    }

    /** When the last batch was read, heartbeats included: the proof that the stream is alive. Empty until this run has read one. */
    synchronized Optional<Instant> lastMessage() {
        return lastMessage;
    }

    /** How far the log has ever been read; what a run reads again does not move it. */
    synchronized Lsn reached() {
        return reached;
    }

    /**
     * The stream goes on, or begins anew, at a position that the ledger holds already. To be called while nothing streams.
     *
     * @param snapshot read after the position was
     */
    void begin(long number, Lsn position, Snapshot snapshot) {
        turn.lock();
        try {
            // Delivered again by the next run, as they were not acknowledged.
            unsettled = Xids.NONE;
        } finally {
            turn.unlock();
        }
        frontier.begin(number, position);
        synchronized (this) {
            lastMessage = Optional.empty();
        }
        loop.post(new Event.RoutedTo(position, snapshot));
    }

    /** @param position up to which the log has been routed with them */
    private void heed(List<Signal> signals, Lsn position) {
        Set<Long> hurried = new HashSet<>();
        boolean probed = false;
        boolean beaten = false;
        for (Signal signal : signals) {
            switch (signal.kind()) {
                case Signal.HEARTBEAT -> beaten = true;
                case Signal.FENCE -> oid(signal.body()).ifPresent(hurried::add);
                case Signal.PROBE -> probed = true;
                case Signal.REQUEST -> passOnRequests();
                default -> {} // a mark has done its work by being here
            }
        }
        if (beaten) {
            // Once, however many have queued up: it looks at the whole catalog.
            frontier.claim();
            if (!jdbi.withHandle(Requests::pending).isEmpty()) {
                // Their message may have been read from the log before they were visible.
                passOnRequests();
            }
        }
        if (probed) {
            loop.post(new Event.ReadTo(position));
        }
        if (!hurried.isEmpty()) {
            fenced = true;
            loop.post(new Event.Expedited(hurried));
        }
    }

    /** Anybody may write to the log; what does not fit is nobody's business. */
    private static Optional<Long> oid(String body) {
        return body.matches("[0-9]{1,10}") ? Optional.of(Long.valueOf(body)) : Optional.empty();
    }

    /** What was asked while nobody listened is there as well; what is asked twice is done twice. */
    void passOnRequests() {
        jdbi.useHandle(handle -> Lease.write(handle, lease, transaction -> {
            List<Requests.Request> requests = Requests.pending(transaction);
            requests.forEach(request -> loop.post(event(request)));
            Requests.done(transaction, requests);
        }));
    }

    private static Event event(Requests.Request request) {
        return switch (request.kind()) {
            case "refresh" -> new Event.RefreshRequested(Set.of(request.view()));
            case "pause" -> new Event.PauseRequested(request.view());
            case "resume" -> new Event.ResumeRequested(request.view());
            default -> throw new IllegalStateException("the ledger admits no request of kind " + request.kind());
        };
    }

    /** What is done between two batches. */
    interface Rewiring {
        /**
         * @param unsettled transactions that were routed by the old catalog and may not be visible yet: a refresh of what the
         *     new catalog adds has to wait for them
         */
        void run(Xids unsettled) throws InterruptedException;
    }

    /**
     * Routes by another catalog from now on. No batch is routed and no position moves until the scheduler and the ledger know of
     * the new catalog too: otherwise a change could be routed to a view that the scheduler does not know yet, or be counted as
     * contained in one that waits for it.
     *
     * @param basis the catalog that it routes by
     */
    void rewire(Router next, Basis basis, Rewiring rewiring) throws InterruptedException {
        turn.lockInterruptibly();
        try {
            router = next;
            membership.forget();
            frontier.standOn(basis);
            rewiring.run(unsettled);
        } finally {
            turn.unlock();
        }
    }

    /** Writes a mark and tells the loop; also for needs that did not come from the stream. */
    Snapshot makeDurable(Action.Mark mark, Map<ViewId, Instant> since) {
        Snapshot snapshot = jdbi.inTransaction(transaction -> {
            // The mark is worth nothing on a standby, where another timeline makes every view dirty anyway.
            transaction.execute("SET LOCAL synchronous_commit = local");
            Lease.prove(transaction, lease);
            Map<ViewId, Instant> rows = mark.views().stream()
                    .collect(Collectors.toMap(view -> view, view -> since.getOrDefault(view, Instant.EPOCH)));
            Lsn claimed = frontier.progress().claimed();
            ViewRows.mark(transaction, mark.number(), rows, claimed, frontier.commitTime(claimed));
            // Stands behind the commits that caused the mark, so that the routed position passes them without delay.
            transaction.execute("SELECT pg_logical_emit_message(false, 'refreshd:mark', '')");
            return snapshot(transaction);
        });
        loop.post(new Event.Marked(mark.number(), mark.views()));
        return snapshot;
    }

    private Routing route(Batch batch) {
        unsettled = Xids.union(List.of(unsettled, batch.xids()));
        return router.route(batch.changes());
    }

    private Receipt settle(Snapshot snapshot) {
        unsettled = unsettled.unseenBy(snapshot);
        return new Receipt(snapshot, frontier.recorded());
    }

    private void tell(Batch batch, Routing routing) {
        Instant now = clock.get().wall();
        synchronized (this) {
            lastMessage = Optional.of(now);
            reached = reached.max(batch.position());
        }
        Optional<Instant> newest = newest(batch);
        newest.ifPresent(written -> frontier.read(batch.position(), written));
        newest.map(written -> Duration.between(written, now))
                .map(lag -> lag.isNegative() ? Duration.ZERO : lag)
                .ifPresent(lag -> listener.accept(new Notice.BatchRead(batch.records(), lag)));
        Map<TableId, Map<Operation, Long>> rows = new LinkedHashMap<>();
        for (Change change : batch.changes()) {
            Map<Operation, Long> ofTable = rows.computeIfAbsent(change.table(), t -> new EnumMap<>(Operation.class));
            change.rows().forEach((operation, count) -> ofTable.merge(operation, count, Long::sum));
        }
        rows.forEach((table, counts) ->
                counts.forEach((operation, count) -> listener.accept(new Notice.RowsChanged(table, operation, count))));
        routing.avoided().forEach(listener);
    }

    /** When the newest of what the batch holds was written, by the server's clock. */
    private static Optional<Instant> newest(Batch batch) {
        return Stream.concat(
                        batch.newest().stream(),
                        batch.signals().stream()
                                .filter(signal -> signal.kind().equals(Signal.HEARTBEAT))
                                .map(Heartbeat::emittedAt))
                .max(Comparator.naturalOrder());
    }

    private static Map<ViewId, Instant> since(Event.Affected affected) {
        Map<ViewId, Instant> since = new HashMap<>();
        affected.skipped()
                .forEach(skipped -> since.put(
                        skipped.otherwise().view(), skipped.otherwise().oldestCommit()));
        affected.impacts().forEach(impact -> since.put(impact.view(), impact.oldestCommit()));
        return since;
    }

    static Snapshot snapshot(Handle handle) {
        return Snapshot.parse(handle.createQuery("SELECT pg_current_snapshot()::text")
                .mapTo(String.class)
                .one());
    }
}
