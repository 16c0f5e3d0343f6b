package io.refreshd.roles;

import io.refreshd.ledger.RoleViewRows;
import io.refreshd.ledger.RoleViewRows.Made;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/**
 * Carries out steps, each in one transaction: others see a view with its rows, indexes and grants, or they see none. One
 * thread calls it; any thread may cancel.
 */
final class RoleViewWriter {
    /** For the server's word about its own limit to arrive. */
    private static final Duration GRACE = Duration.ofSeconds(30);

    private final Duration lockTimeout;
    private final Duration statementTimeout;
    private final Statements statements = new Statements();
    private final ViewBuilder builder = new ViewBuilder(statements);
    private final Swap swap = new Swap(statements);

    RoleViewWriter(Duration lockTimeout, Duration statementTimeout) {
        this.lockTimeout = lockTimeout;
        this.statementTimeout = statementTimeout;
    }

    /**
     * @param proof of the right to write to the ledger, run before the end of the transaction
     * @return what became of it
     */
    Outcome run(Handle handle, Step step, Consumer<Handle> proof) throws SQLException {
        // A connection of the pool gives up on statements that take a moment; the query of a view may take hours.
        handle.getConnection().setNetworkTimeout(Runnable::run, (int)
                Math.min(statementTimeout.plus(GRACE).toMillis(), Integer.MAX_VALUE));
        // Not the database's default level, which may be another: what is asked after a lock has to be newer than the
        // lock.
        return handle.<Outcome, SQLException>inTransaction(TransactionIsolationLevel.READ_COMMITTED, transaction -> {
            begin(transaction);
            Outcome outcome = run(transaction, step);
            // Last: it holds up whoever takes over, and making a view may take minutes.
            proof.accept(transaction);
            return outcome;
        });
    }

    private Outcome run(Handle transaction, Step step) throws SQLException {
        return switch (step) {
            case Step.Create create -> create(transaction, create.wanted());
            case Step.Rebuild rebuild -> rebuild(transaction, rebuild);
            case Step.Drop drop -> drop(transaction, drop);
            case Step.Forget forget -> {
                RoleViewRows.forget(transaction, forget.view());
                yield Outcome.DONE;
            }
        };
    }

    void cancel() throws SQLException {
        statements.cancel();
    }

    private void begin(Handle transaction) throws SQLException {
        // Local, since what is lost in a failover is made again.
        statements.execute(
                transaction,
                "SET LOCAL lock_timeout = " + lockTimeout.toMillis() + "; SET LOCAL statement_timeout = "
                        + statementTimeout.toMillis() + "; SET LOCAL synchronous_commit = local");
    }

    private Outcome create(Handle transaction, WantedView wanted) throws SQLException {
        Optional<Obstacle> missing = Requirements.missing(transaction, wanted);
        if (missing.isPresent()) {
            return Outcome.refused(missing.get());
        }
        Optional<Long> oid = builder.build(
                transaction, wanted, wanted.id(), wanted.template().access().owner());
        if (oid.isEmpty()) {
            return Outcome.NOT_NEEDED;
        }
        if (wanted.template().access().grantTo().isPresent()) {
            // Its rows are for its reader: not for everybody, as default privileges may have it.
            builder.revokeDefaults(transaction, wanted.id(), oid.get());
        }
        builder.grant(transaction, wanted, wanted.id());
        record(transaction, wanted, oid.get());
        return Outcome.DONE;
    }

    /**
     * The readers go on with the old one until the swap commits, and with the new one after it. The old one stays as it is
     * meanwhile, or they would lose what a refresh has shown them since the query of the new one began.
     */
    private Outcome rebuild(Handle transaction, Step.Rebuild step) throws SQLException {
        WantedView wanted = step.wanted();
        Optional<Obstacle> missing = Requirements.missing(transaction, wanted);
        if (missing.isPresent()) {
            return Outcome.refused(missing.get());
        }
        if (step.kind() == 'm') {
            swap.hold(transaction, step.view(), step.made().oid());
        }
        ViewId beside = Swap.beside(wanted.id(), "new");
        long oid = builder.build(transaction, wanted, beside, Optional.of(owner(transaction, step)))
                .orElseThrow(() -> new SQLException("the name " + beside + " is in use"));
        // The new view may have by default privileges what the old one has lost.
        builder.revokeDefaults(transaction, beside, oid);
        Attachments attachments = Attachments.of(transaction, step, beside, oid, wanted.kind());
        for (String statement : attachments.before()) {
            statements.execute(transaction, statement);
        }
        for (Attachments.Index index : attachments.indexes()) {
            indexAsBefore(transaction, index);
        }
        builder.grant(transaction, wanted, beside);
        ViewId old =
                swap.putAside(transaction, step.view(), step.kind(), step.made().oid(), Swap.ATTEMPTS);
        statements.execute(transaction, Swap.rename(wanted.kind(), beside, wanted.id()));
        statements.execute(transaction, Swap.drop(step.kind(), old));
        for (String statement : attachments.after()) {
            statements.execute(transaction, statement);
        }
        for (String statement : renamesOfIndexes(transaction, beside, wanted.id(), oid)) {
            statements.execute(transaction, statement);
        }
        record(transaction, wanted, oid);
        return Outcome.DONE;
    }

    private Outcome drop(Handle transaction, Step.Drop step) throws SQLException {
        ViewId old =
                swap.putAside(transaction, step.view(), step.kind(), step.made().oid(), 1);
        // Steps before this one may have taken hours, and the role may be back.
        if (RolesReader.roles(transaction.getConnection(), step.template().roles())
                .contains(step.role())) {
            statements.execute(transaction, Swap.rename(step.kind(), old, step.view()));
            return Outcome.NOT_NEEDED;
        }
        statements.execute(transaction, Swap.drop(step.kind(), old));
        RoleViewRows.forget(transaction, step.view());
        ViewRows.forget(transaction, step.view());
        return Outcome.DONE;
    }

    private void indexAsBefore(Handle transaction, Attachments.Index index) throws SQLException {
        try {
            statements.execute(transaction, index.create());
        } catch (SQLException e) {
            throw new SQLException(
                    "the index " + index.name() + ", which somebody has added, cannot be made on the new view: "
                            + e.getMessage() + "; without need of it, drop it",
                    e.getSQLState(),
                    e);
        }
    }

    /** That of the template, or else whoever owns the view by now. */
    private static String owner(Handle transaction, Step.Rebuild step) {
        return step.wanted()
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

    /** The server named the template's indexes after the name of passage; where it is free, each gets the name it would have. */
    private static List<String> renamesOfIndexes(Handle transaction, ViewId beside, ViewId view, long oid) {
        return transaction
                .createQuery("""
                        SELECT pg_catalog.format('ALTER INDEX %I.%I RENAME TO %I', :schema, i.relname, n.name)
                          FROM pg_catalog.pg_index x
                          JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
                         CROSS JOIN LATERAL (
                           SELECT (:view)::text || pg_catalog.substr(i.relname, pg_catalog.length(:beside) + 1)) n (name)
                         WHERE x.indrelid = (:oid)::oid AND pg_catalog.starts_with(i.relname, :beside)
                           AND pg_catalog.octet_length(n.name) <= 63
                           AND pg_catalog.to_regclass(pg_catalog.format('%I.%I', :schema, n.name)) IS NULL
                        """)
                .bind("schema", view.schema())
                .bind("view", view.name())
                .bind("beside", beside.name())
                .bind("oid", oid)
                .mapTo(String.class)
                .list();
    }

    /** Nothing that was said of the name holds for the new view; only that it is paused, which is for people to say. */
    private static void record(Handle transaction, WantedView wanted, long oid) {
        RoleViewRows.put(
                transaction,
                new Made(wanted.id(), oid, wanted.template().name().toString(), wanted.role(), wanted.definition()));
        if (wanted.kind() == 'm') {
            ViewRows.replace(transaction, wanted.id(), oid);
        } else {
            ViewRows.forget(transaction, wanted.id());
        }
    }
}
