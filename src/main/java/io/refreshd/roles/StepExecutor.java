package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate.Kind;
import io.refreshd.database.StatementWatch;
import io.refreshd.exchange.Names;
import io.refreshd.incremental.Conversion;
import io.refreshd.incremental.ViewParts;
import io.refreshd.ledger.RoleViewRows;
import io.refreshd.ledger.RoleViewRows.Made;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/**
 * Carries out steps, each in one transaction. Other sessions see a view with its rows, indexes and grants, or no view.
 *
 * <p>Thread: one thread calls it; any thread may call {@link #cancel}.
 */
final class StepExecutor {
    /** Added to the statement timeout for the network timeout, so that the error of the server arrives first. */
    private static final Duration GRACE = Duration.ofSeconds(30);

    private final Duration lockTimeout;
    private final Duration statementTimeout;
    private final StatementWatch watch;
    private final CancellableStatements statements = new CancellableStatements();
    private final ViewBuilder builder = new ViewBuilder(statements);
    private final Swap swap = new Swap(statements);

    StepExecutor(Duration lockTimeout, Duration statementTimeout, StatementWatch watch) {
        this.lockTimeout = lockTimeout;
        this.statementTimeout = statementTimeout;
        this.watch = watch;
    }

    /**
     * Carries out a step.
     *
     * @param leaseCheck throws if this daemon no longer holds the lease; called at the end of the transaction
     */
    StepOutcome run(Handle handle, Step step, Consumer<Handle> leaseCheck) throws SQLException {
        try {
            return statements.cancellable(handle, () -> inTransaction(handle, step, leaseCheck));
        } catch (RefusedException refused) {
            return StepOutcome.refused(refused.obstacle());
        }
    }

    private StepOutcome inTransaction(Handle handle, Step step, Consumer<Handle> leaseCheck) throws SQLException {
        // The network timeout of pooled connections is for short statements; the query of a view may take hours.
        handle.getConnection().setNetworkTimeout(Runnable::run, (int)
                Math.min(statementTimeout.plus(GRACE).toMillis(), Integer.MAX_VALUE));
        // READ COMMITTED, whatever the default of the database is: a check after a lock has to see what was committed
        // before the lock was granted.
        return handle.<StepOutcome, SQLException>inTransaction(
                TransactionIsolationLevel.READ_COMMITTED, transaction -> {
                    StepOutcome outcome = watch.run(transaction, step.view().toString(), () -> {
                        begin(transaction);
                        return run(transaction, step);
                    });
                    // Last, because the check blocks a daemon that takes over the lease, and creating a view may take
                    // minutes.
                    leaseCheck.accept(transaction);
                    return outcome;
                });
    }

    private StepOutcome run(Handle transaction, Step step) throws SQLException {
        return switch (step) {
            case Step.Create create -> create(transaction, create.desired());
            case Step.Rebuild rebuild -> rebuild(transaction, rebuild);
            case Step.Drop drop -> drop(transaction, drop);
            case Step.Forget forget -> {
                RoleViewRows.forget(transaction, forget.view());
                yield StepOutcome.DONE;
            }
        };
    }

    void cancel() throws SQLException {
        statements.cancel();
    }

    private void begin(Handle transaction) throws SQLException {
        // The names in a template are found by the search path that the role has.
        // Local commit: a view that is lost in a failover is created again, and a standby that is away must not block
        // it.
        statements.execute(
                transaction,
                "SET LOCAL lock_timeout = " + lockTimeout.toMillis() + "; SET LOCAL statement_timeout = "
                        + statementTimeout.toMillis() + "; SET LOCAL synchronous_commit = local");
    }

    private StepOutcome create(Handle transaction, DesiredView desired) throws SQLException {
        Optional<Obstacle> missing = Requirements.missing(transaction, desired);
        if (missing.isPresent()) {
            return StepOutcome.refused(missing.get());
        }
        Optional<Long> oid = builder.build(
                transaction, desired, desired.id(), desired.template().access().owner());
        if (oid.isEmpty()) {
            return StepOutcome.NOT_NEEDED;
        }
        if (desired.template().access().grantTo().isPresent()) {
            // Only the reader may see the rows; default privileges could give them to others.
            builder.revokeDefaults(transaction, desired.id(), oid.get());
        }
        builder.grant(transaction, desired, desired.id());
        record(transaction, desired, finished(transaction, desired, desired.id(), oid.get()));
        return StepOutcome.DONE;
    }

    /** Makes an incremental view of the materialized view that was built for it. @return oid of the finished view */
    private static long finished(Handle transaction, DesiredView desired, ViewId at, long built) throws SQLException {
        if (desired.kind() != Kind.INCREMENTAL) {
            return built;
        }
        try {
            return Conversion.ofNew(transaction, at, desired.id());
        } catch (PrerequisitesMissingException e) {
            throw new RefusedException(IncrementalTemplates.refused(desired, e.obstacles()));
        }
    }

    /**
     * Builds the new view beside the old one and swaps their names. Readers see the old view until the swap commits, and the new
     * one after it. Meanwhile the old view is not refreshed: it would show readers rows that the new view, whose query began
     * earlier, lacks.
     */
    private StepOutcome rebuild(Handle transaction, Step.Rebuild step) throws SQLException {
        DesiredView desired = step.desired();
        Optional<Obstacle> missing = Requirements.missing(transaction, desired);
        if (missing.isPresent()) {
            return StepOutcome.refused(missing.get());
        }
        Optional<ViewParts> parts = parts(transaction, step.kind(), step.made().oid());
        if (step.kind().isKept()) {
            swap.blockRefresh(transaction, step.view(), parts, step.made().oid());
        }
        ViewId fresh = Swap.temporaryName(desired.id(), "new");
        long oid = builder.build(transaction, desired, fresh, Optional.of(owner(transaction, step)))
                .orElseThrow(() -> new SQLException("the name " + fresh + " is in use"));
        // Default privileges may have granted on the new view what was revoked on the old one.
        builder.revokeDefaults(transaction, fresh, oid);
        long oldRows = parts.map(ViewParts::store).orElse(step.made().oid());
        Attachments attachments = Attachments.of(transaction, step, oldRows, fresh, oid, desired.built());
        for (String statement : attachments.before()) {
            statements.execute(transaction, statement);
        }
        for (Attachments.Index index : attachments.indexes()) {
            indexAsBefore(transaction, index);
        }
        builder.grant(transaction, desired, fresh);
        oid = finished(transaction, desired, fresh, oid);
        ViewId old = swap.renameAway(
                transaction, step.view(), step.kind(), step.made().oid(), Swap.ATTEMPTS);
        statements.execute(transaction, Swap.rename(desired.kind(), fresh, desired.id()));
        drop(transaction, step.kind(), old, parts);
        long rows =
                parts(transaction, desired.kind(), oid).map(ViewParts::store).orElse(oid);
        nameIndexes(transaction, attachments.indexes(), step.made().oid(), rows, oid);
        for (String statement : renamesOfIndexes(transaction, fresh, desired.id(), rows)) {
            statements.execute(transaction, statement);
        }
        record(transaction, desired, oid);
        return StepOutcome.DONE;
    }

    private StepOutcome drop(Handle transaction, Step.Drop step) throws SQLException {
        Optional<ViewParts> parts = parts(transaction, step.kind(), step.made().oid());
        ViewId old = swap.renameAway(
                transaction, step.view(), step.kind(), step.made().oid(), 1);
        // The steps before this one may have taken hours, and the role may exist again.
        if (RolesReader.roles(transaction.getConnection(), step.template().roles())
                .names()
                .contains(step.role())) {
            statements.execute(transaction, Swap.rename(step.kind(), old, step.view()));
            return StepOutcome.NOT_NEEDED;
        }
        drop(transaction, step.kind(), old, parts);
        RoleViewRows.forget(transaction, step.view());
        ViewRows.forget(transaction, step.view());
        return StepOutcome.DONE;
    }

    private static Optional<ViewParts> parts(Handle transaction, Kind kind, long view) {
        return kind == Kind.INCREMENTAL ? ViewParts.of(transaction, view) : Optional.empty();
    }

    private void drop(Handle transaction, Kind kind, ViewId view, Optional<ViewParts> parts) throws SQLException {
        statements.execute(transaction, Swap.drop(kind, view));
        if (parts.isPresent()) {
            for (String statement : parts.get().drops()) {
                statements.execute(transaction, statement);
            }
            parts.get().forget(transaction);
        }
    }

    /** Creates an index that somebody has added to the old view. */
    private void indexAsBefore(Handle transaction, Attachments.Index index) throws SQLException {
        try {
            statements.execute(transaction, index.create());
        } catch (SQLException e) {
            throw new SQLException(
                    "the index " + index.name() + ", which somebody has added, cannot be made on the new view: "
                            + e.getMessage() + "; drop it if it is not needed",
                    e.getSQLState(),
                    e);
        }
    }

    /** The owner of the new view: that of the template, or else the present owner of the old view. */
    private static String owner(Handle transaction, Step.Rebuild step) {
        return step.desired()
                .template()
                .access()
                .owner()
                .orElseGet(() -> transaction
                        .createQuery("SELECT pg_catalog.pg_get_userbyid(relowner)::text FROM pg_catalog.pg_class"
                                + " WHERE oid = (:oid)::oid")
                        .bind("oid", step.made().oid())
                        .mapTo(String.class)
                        .one());
    }

    /**
     * Gives the indexes that somebody has added their names, now that the old view is gone.
     *
     * @param rows oid of what holds the rows of the new view
     */
    private void nameIndexes(Handle transaction, List<Attachments.Index> indexes, long old, long rows, long view)
            throws SQLException {
        String schema = transaction
                .createQuery("SELECT n.nspname::text FROM pg_catalog.pg_class c"
                        + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = (:rows)::oid")
                .bind("rows", rows)
                .mapTo(String.class)
                .one();
        for (Attachments.Index index : indexes) {
            String name = Names.free(transaction, schema, Names.plain(index.name(), old), view);
            statements.execute(
                    transaction,
                    "ALTER INDEX " + SqlNames.qualified(new ViewId(schema, index.temporary())) + " RENAME TO "
                            + SqlNames.identifier(name));
            if (!index.comment().isEmpty()) {
                statements.execute(
                        transaction,
                        "COMMENT ON INDEX " + SqlNames.qualified(new ViewId(schema, name)) + " IS "
                                + ViewBuilder.literal(transaction, index.comment()));
            }
        }
    }

    /** Renames for the template's indexes, which the server named after the temporary name. A name that is taken is skipped. */
    private static List<String> renamesOfIndexes(Handle transaction, ViewId fresh, ViewId view, long rows) {
        return transaction
                .createQuery("""
                        SELECT pg_catalog.format('ALTER INDEX %I.%I RENAME TO %I', s.nspname, i.relname, n.name)
                          FROM pg_catalog.pg_index x
                          JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
                          JOIN pg_catalog.pg_namespace s ON s.oid = i.relnamespace
                         CROSS JOIN LATERAL (
                           SELECT (:view)::text || pg_catalog.substr(i.relname, pg_catalog.length(:fresh) + 1)) n (name)
                         WHERE x.indrelid = (:oid)::oid AND pg_catalog.starts_with(i.relname, :fresh)
                           AND pg_catalog.octet_length(n.name) <= 63
                           AND pg_catalog.to_regclass(pg_catalog.format('%I.%I', s.nspname, n.name)) IS NULL
                        """)
                .bind("view", view.name())
                .bind("fresh", fresh.name())
                .bind("oid", rows)
                .mapTo(String.class)
                .list();
    }

    /** Records the new view in the ledger. Of what the ledger holds under that name only a pause by an operator is kept. */
    private static void record(Handle transaction, DesiredView desired, long oid) {
        RoleViewRows.put(
                transaction,
                new Made(
                        desired.id(), oid, desired.template().name().toString(), desired.role(), desired.definition()));
        if (desired.kind().isKept()) {
            ViewRows.replace(transaction, desired.id(), oid);
        } else {
            ViewRows.forget(transaction, desired.id());
        }
    }
}
