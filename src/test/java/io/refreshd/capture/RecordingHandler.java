package io.refreshd.capture;

import io.refreshd.model.Batch;
import io.refreshd.model.Change;
import io.refreshd.model.Interest;
import io.refreshd.model.Lsn;
import io.refreshd.model.Operation;
import io.refreshd.model.Receipt;
import io.refreshd.model.Signal;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;

/** A handler that keeps every batch, and reads a snapshot after each. */
class RecordingHandler implements BatchHandler, AutoCloseable {
    private final Connection connection;
    private final List<Batch> batches = new ArrayList<>();
    private Optional<Lsn> routed = Optional.empty();
    private volatile Callable<Boolean> before = () -> true;
    private volatile boolean idle;

    RecordingHandler(Connection connection) {
        this.connection = connection;
    }

    /** Sets an action that runs before each batch is recorded; what it throws, the handler throws. */
    void before(Callable<Boolean> action) {
        before = action;
    }

    /** Says from now on that the database is idle. */
    void becomeIdle() {
        idle = true;
    }

    @Override
    public boolean isIdle() {
        return idle;
    }

    /** Asks for rows to be remembered, so that no transactions are merged. */
    @Override
    public Interest interestIn(TableId table) {
        return new Interest(List.of("id"), Set.of(), Set.of("ignored"));
    }

    @Override
    public Receipt handle(Batch batch) throws Exception {
        before.call();
        synchronized (this) {
            batches.add(batch);
        }
        Snapshot snapshot = snapshot();
        synchronized (this) {
            // Like a ledger that writes down at once whatever is routed.
            return new Receipt(snapshot, routed.orElse(Lsn.ZERO));
        }
    }

    Snapshot snapshot() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_current_snapshot()::text")) {
            row.next();
            return Snapshot.parse(row.getString(1));
        }
    }

    @Override
    public synchronized void routedTo(Lsn position, Snapshot snapshot) {
        routed = Optional.of(position);
    }

    synchronized Optional<Lsn> routed() {
        return routed;
    }

    synchronized List<Batch> batches() {
        return List.copyOf(batches);
    }

    synchronized List<Change> changes() {
        return batches.stream().flatMap(batch -> batch.changes().stream()).toList();
    }

    synchronized List<Signal> signals(String kind) {
        return batches.stream()
                .flatMap(batch -> batch.signals().stream())
                .filter(signal -> signal.kind().equals(kind))
                .toList();
    }

    synchronized long rows(Operation operation) {
        return changes().stream()
                .mapToLong(change -> change.rows().getOrDefault(operation, 0L))
                .sum();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
