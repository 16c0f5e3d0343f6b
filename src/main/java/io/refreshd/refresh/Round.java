package io.refreshd.refresh;

import io.refreshd.catalog.DefinitionVersion;
import io.refreshd.catalog.OwnerAccess;
import io.refreshd.catalog.TrustedCode;
import io.refreshd.database.PlainSession;
import io.refreshd.incremental.ChangedKeys;
import io.refreshd.incremental.KeyText;
import io.refreshd.incremental.RoundSql;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.incremental.Way;
import io.refreshd.incremental.WayChooser;
import io.refreshd.model.Failure;
import io.refreshd.model.KeyProbe;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.SqlNames;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * The part of a round that runs in one transaction and makes the rows of one incremental view what its definition gives.
 *
 * <p>Invariant: the rows are what the definition gives in the transaction's snapshot. The keys of all changes that the snapshot sees are
 * known: the log is read up to a position that was taken after the snapshot.
 *
 * <p>Invariant: the relations are locked before the snapshot is taken. A table that is truncated after a snapshot looks empty in it.
 *
 * <p>Invariant: what the statements run is proven before the first of them and once more after the last one. Whoever brings in code of
 * his own between the proof and the plan cannot take it out again before the second proof, since the tables are locked; so what the code
 * wrote is rolled back.
 *
 * <p>Thread: the one that owns the connection.
 */
final class Round {
    private final Handle transaction;
    private final Jdbi others;
    private final RefreshTask task;
    private final StoreLayout layout;
    private final RoundSql sql;
    private final ViewRounds known;
    private final Supplier<Moment> clock;

    /**
     * @param transaction open, without a snapshot
     * @param others gives connections for proofs: in the transaction's snapshot a proof would be as old as the snapshot
     */
    Round(
            Handle transaction,
            Jdbi others,
            RefreshTask task,
            StoreLayout layout,
            ViewRounds known,
            Supplier<Moment> clock) {
        this.transaction = transaction;
        this.others = others;
        this.task = task;
        this.layout = layout;
        this.sql = new RoundSql(layout);
        this.known = known;
        this.clock = clock;
    }

    /** What became of the rows; nothing is committed yet. */
    sealed interface Result {
        record Corrected(Snapshot snapshot, long rowsChanged, Way way) implements Result {}

        record Not(RefreshOutcome outcome) implements Result {}
    }

    Result run(RefreshLimits limits, LaterChanges later) throws SQLException, InterruptedException {
        lock(limits);
        Preparation prepared = Preparation.in(transaction, task.oid(), limits);
        Optional<RefreshOutcome> obstacle = prepared.obstacleTo(task);
        if (obstacle.isPresent()) {
            return new Result.Not(obstacle.get());
        }
        if (!StoreLayout.read(transaction, task.oid()).equals(Optional.of(layout))) {
            return new Result.Not(new RefreshOutcome.Gone()); // it was exchanged or altered a moment ago
        }
        String version = DefinitionVersion.of(transaction.getConnection(), layout.definitionOid(), layout.storeOid());
        Optional<List<KeyProbe>> probes = probes(later, version);
        Optional<Obstacle> untrusted = untrusted();
        if (untrusted.isPresent()) {
            return new Result.Not(refused(untrusted.get()));
        }
        PlainSession session = PlainSession.ofOwner(transaction.getConnection(), task.oid())
                .with("search_path", "pg_catalog, pg_temp");
        long start = clock.get().nanos();
        Way way = way(probes, version, session);
        long rowsChanged = apply(way, session);
        known.chooser().took(way, Duration.ofNanos(clock.get().nanosSince(start)));
        untrusted = untrusted();
        return untrusted.isPresent()
                ? new Result.Not(refused(untrusted.get()))
                : new Result.Corrected(prepared.snapshot(), rowsChanged, way);
    }

    /** Locks the table, and whatever the definition reads: the server locks the relations of a view with the view. */
    private void lock(RefreshLimits limits) {
        transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        transaction.execute("SET LOCAL lock_timeout = '" + limits.lock().toMillis() + "ms'");
        transaction.execute(
                "LOCK TABLE ONLY " + SqlNames.qualified(layout.names().store()) + " IN ROW EXCLUSIVE MODE");
        transaction.execute("LOCK TABLE " + SqlNames.qualified(layout.names().definition()) + " IN ACCESS SHARE MODE");
    }

    /** @return empty if all rows must be recomputed */
    private Optional<List<KeyProbe>> probes(LaterChanges later, String version) throws InterruptedException {
        if (task.refreshesAll() || !task.definitionIs(version)) {
            return Optional.empty();
        }
        // The position is read after the snapshot: every transaction that the snapshot sees committed before it.
        Lsn position = Lsn.parse(transaction
                .createQuery("SELECT pg_current_wal_insert_lsn()::text")
                .mapTo(String.class)
                .one());
        return later.upTo(position).map(more -> {
            List<KeyProbe> all = new ArrayList<>(task.probes());
            all.addAll(more);
            return all;
        });
    }

    private String whyEverything(String version) {
        if (!task.definitionIs(version)) {
            return "the definition, or a table that it reads, was altered a moment ago";
        }
        return task.refreshesAll() ? task.basis().everything() : "the keys of changes that came meanwhile are not known";
    }

    private Way way(Optional<List<KeyProbe>> probes, String version, PlainSession session) throws SQLException {
        if (probes.isEmpty()) {
            return new Way.Everything(whyEverything(version));
        }
        ChangedKeys changed = ChangedKeys.of(probes.get(), layout.names().recomputeKey());
        Optional<String> reason = KeyText.obstacle(layout.keyTypes(), session::valueOf)
                .or(() -> known.chooser().everythingInstead(changed.count()));
        if (reason.isPresent()) {
            return new Way.Everything(reason.get());
        }
        Set<List<String>> keys = new HashSet<>(changed.recompute());
        if (!changed.lookups().isEmpty()) {
            keys.addAll(lookUp(changed.lookups(), session));
        }
        if (!keys.isEmpty() && !known.chooser().isPlanned()) {
            lookAtPlans(keys, session);
        }
        return known.chooser()
                .everythingInstead(keys.size())
                .<Way>map(Way.Everything::new)
                .orElseGet(() -> new Way.Keys(keys, changed.count()));
    }

    /** Is done once for each view: the planner's costs, and whether an index leads to the rows of a key. */
    private void lookAtPlans(Set<List<String>> keys, PlainSession session) throws SQLException {
        PlanReader reader = new PlanReader(transaction, session);
        known.chooser()
                .planned(
                        reader.look(sql.rows(keys)).cost(),
                        keys.size(),
                        reader.look(sql.allRows()).cost());
        known.foundMissing(
                task.view(),
                reader.look(sql.rows(Set.of(keys.iterator().next()))).missingIndex(task.view()));
    }

    private Set<List<String>> lookUp(List<KeyProbe> probes, PlainSession session) throws SQLException {
        int parts = layout.names().recomputeKey().size();
        return session.query(transaction.getConnection(), sql.keys(probes, WayChooser.MOST_KEYS + 1), row -> {
            Set<List<String>> keys = new HashSet<>();
            while (row.next()) {
                List<String> key = new ArrayList<>();
                for (int part = 1; part <= parts; part++) {
                    key.add(row.getString(part));
                }
                keys.add(key);
            }
            return keys;
        });
    }

    private long apply(Way way, PlainSession session) throws SQLException {
        if (way instanceof Way.Keys some && some.keys().isEmpty()) {
            return 0;
        }
        String difference = switch (way) {
            case Way.Keys some -> sql.difference(some.keys());
            case Way.Everything all -> sql.differenceOfAll();
        };
        return session.query(transaction.getConnection(), difference, row -> {
            row.next();
            return row.getLong(1) + row.getLong(2) + row.getLong(3);
        });
    }

    private Optional<Obstacle> untrusted() throws SQLException {
        try (Handle other = others.open()) {
            Optional<Obstacle> code = TrustedCode.obstacle(
                    other.getConnection(), List.of(layout.definitionOid(), layout.storeOid()), TrustedCode.Use.ROWS);
            return code.isPresent()
                    ? code
                    : OwnerAccess.obstacle(other.getConnection(), task.oid(), layout.definitionOid());
        }
    }

    private RefreshOutcome refused(Obstacle untrusted) {
        return new RefreshOutcome.Failed(
                new Failure(
                        Failure.Kind.PERMANENT,
                        "",
                        "the rows of " + task.view() + " are not recomputed: " + untrusted.what(),
                        untrusted.remedy().and("then refreshd resume " + task.view()),
                        untrusted.said()),
                Duration.ZERO);
    }
}
