package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.ledger.RoleViewRows;
import io.refreshd.ledger.RoleViewRows.Made;
import io.refreshd.model.Obstacle;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Carries out steps, each in one transaction: others see a view with its rows, indexes and grants, or they see none. One
 * thread calls it; any thread may cancel.
 */
final class RoleViewWriter {
    static final String MARK = "Created by refreshd";

    private final Duration lockTimeout;
    private final Duration statementTimeout;
    private volatile @Nullable Statement running;

    RoleViewWriter(Duration lockTimeout, Duration statementTimeout) {
        this.lockTimeout = lockTimeout;
        this.statementTimeout = statementTimeout;
    }

    /** @return what it was done for; empty if the step was not needed any longer, or why it cannot be done */
    Optional<Obstacle> run(Handle handle, Step step) throws SQLException {
        return handle.<Optional<Obstacle>, SQLException>inTransaction(transaction -> {
            begin(transaction);
            return switch (step) {
                case Step.Create create -> create(transaction, create.wanted());
                case Step.Rebuild rebuild -> rebuild(transaction, rebuild);
                case Step.Drop drop -> drop(transaction, drop);
                case Step.Forget forget -> {
                    RoleViewRows.forget(transaction, forget.view());
                    yield Optional.empty();
                }
            };
        });
    }

    void cancel() throws SQLException {
        Statement statement = running;
        if (statement != null) {
            statement.cancel();
        }
    }

    private void begin(Handle transaction) throws SQLException {
        execute(transaction, "SET LOCAL lock_timeout = " + lockTimeout.toMillis());
        execute(transaction, "SET LOCAL statement_timeout = " + statementTimeout.toMillis());
        // What is lost in a failover is made again.
        execute(transaction, "SET LOCAL synchronous_commit = local");
    }

    private Optional<Obstacle> create(Handle transaction, WantedView wanted) throws SQLException {
        Optional<Obstacle> missing = missingRole(transaction, wanted);
        if (missing.isPresent()) {
            return missing;
        }
        define(transaction, wanted, wanted.id());
        Optional<Long> oid = oidIfMadeHere(transaction, wanted.id());
        if (oid.isPresent()) {
            complete(transaction, wanted, wanted.id());
            record(transaction, wanted, oid.get());
        }
        return Optional.empty();
    }

    /** The readers go on with the old one until the swap commits, and with the new one after it. */
    private Optional<Obstacle> rebuild(Handle transaction, Step.Rebuild step) throws SQLException {
        WantedView wanted = step.wanted();
        Optional<Obstacle> missing = missingRole(transaction, wanted);
        if (missing.isPresent()) {
            return missing;
        }
        ViewId beside = beside(wanted.id(), "new");
        ViewId old = beside(wanted.id(), "old");
        define(transaction, wanted, beside);
        complete(transaction, wanted, beside);
        execute(transaction, alter(step.kind(), wanted.id()) + " RENAME TO " + SqlNames.identifier(old.name()));
        requireOid(transaction, old, step.made().oid());
        char kind = wanted.template().definition().materialized() ? 'm' : 'v';
        execute(
                transaction,
                alter(kind, beside) + " RENAME TO "
                        + SqlNames.identifier(wanted.id().name()));
        execute(transaction, "DROP " + noun(step.kind()) + " " + SqlNames.qualified(old));
        record(transaction, wanted, oid(transaction, wanted.id()).orElseThrow());
        return Optional.empty();
    }

    private Optional<Obstacle> drop(Handle transaction, Step.Drop step) throws SQLException {
        // Renaming takes the lock; only then it is certain what is going to be dropped.
        ViewId old = beside(step.view(), "old");
        execute(transaction, alter(step.kind(), step.view()) + " RENAME TO " + SqlNames.identifier(old.name()));
        requireOid(transaction, old, step.made().oid());
        execute(transaction, "DROP " + noun(step.kind()) + " " + SqlNames.qualified(old));
        RoleViewRows.forget(transaction, step.view());
        return Optional.empty();
    }

    private void define(Handle transaction, WantedView wanted, ViewId as) throws SQLException {
        // The server's own quoting, which knows its settings and encoding.
        String literal = transaction
                .createQuery("SELECT pg_catalog.format('%L', :role)")
                .bind("role", wanted.role())
                .mapTo(String.class)
                .one();
        RoleViewTemplate.Definition definition = wanted.template().definition();
        // A barrier, since functions in a reader's condition must not see the rows of other roles.
        String create = definition.materialized()
                ? "CREATE MATERIALIZED VIEW IF NOT EXISTS " + SqlNames.qualified(as)
                : "CREATE VIEW " + SqlNames.qualified(as) + " WITH (security_barrier)";
        execute(transaction, create + " AS " + definition.query().with(literal));
    }

    private void complete(Handle transaction, WantedView wanted, ViewId as) throws SQLException {
        String name = SqlNames.qualified(as);
        RoleViewTemplate.Definition definition = wanted.template().definition();
        char kind = definition.materialized() ? 'm' : 'v';
        if (definition.materialized()) {
            execute(
                    transaction,
                    "CREATE UNIQUE INDEX ON " + name + " ("
                            + definition.uniqueKey().stream()
                                    .map(SqlNames::identifier)
                                    .collect(Collectors.joining(", "))
                            + ")");
            for (String index : definition.indexes()) {
                execute(transaction, "CREATE INDEX ON " + name + " (" + index + ")");
            }
        }
        String comment = transaction
                .createQuery("SELECT pg_catalog.format('%L', :comment)")
                .bind(
                        "comment",
                        MARK + " from the template " + wanted.template().name() + ".")
                .mapTo(String.class)
                .one();
        execute(transaction, "COMMENT ON " + noun(kind) + " " + name + " IS " + comment);
        Optional<String> reader = wanted.template().access().grantTo(wanted.role());
        if (reader.isPresent()) {
            execute(transaction, "GRANT SELECT ON " + name + " TO " + SqlNames.identifier(reader.get()));
        }
        Optional<String> owner = wanted.template().access().owner();
        if (owner.isPresent()) {
            execute(transaction, alter(kind, as) + " OWNER TO " + SqlNames.identifier(owner.get()));
        }
    }

    /**
     * Asked first: making a view of a huge table only to fail at the grant would be dear. And a role called public must not
     * pass, since PostgreSQL takes the name for everybody, quoted or not.
     */
    private static Optional<Obstacle> missingRole(Handle transaction, WantedView wanted) {
        Optional<String> reader = wanted.template().access().grantTo(wanted.role());
        return reader.or(() -> wanted.template().access().owner()).isEmpty()
                ? Optional.empty()
                : java.util.stream.Stream.of(reader, wanted.template().access().owner())
                        .flatMap(Optional::stream)
                        .filter(name -> !exists(transaction, name))
                        .findFirst()
                        .map(name -> new Obstacle(
                                "view " + wanted.id() + " waits: the database has no role " + Words.quoted(name),
                                "CREATE ROLE " + SqlNames.identifier(name)));
    }

    private static boolean exists(Handle transaction, String role) {
        return transaction
                .createQuery("SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname::text = :role)")
                .bind("role", role)
                .mapTo(Boolean.class)
                .one();
    }

    /** IF NOT EXISTS does not tell whether it did; the row's own transaction does. */
    private static Optional<Long> oidIfMadeHere(Handle transaction, ViewId view) {
        return transaction
                .createQuery("""
                        SELECT c.oid::int8 FROM pg_catalog.pg_class c
                         WHERE c.oid = pg_catalog.to_regclass(:view)
                           AND c.xmin = pg_catalog.pg_current_xact_id()::xid
                        """)
                .bind("view", SqlNames.qualified(view))
                .mapTo(Long.class)
                .findOne();
    }

    private static Optional<Long> oid(Handle transaction, ViewId view) {
        return transaction
                .createQuery("SELECT pg_catalog.to_regclass(:view)::oid::int8")
                .bind("view", SqlNames.qualified(view))
                .mapTo(Long.class)
                .findOne();
    }

    private static void requireOid(Handle transaction, ViewId view, long expected) throws SQLException {
        if (oid(transaction, view).orElse(0L) != expected) {
            throw new SQLException("somebody has put another view in its place just now");
        }
    }

    private static void record(Handle transaction, WantedView wanted, long oid) {
        RoleViewRows.put(
                transaction,
                new Made(wanted.id(), oid, wanted.template().name().toString(), wanted.role(), wanted.definition()));
    }

    private void execute(Handle transaction, String sql) throws SQLException {
        try (Statement statement = RolesReader.statement(transaction.getConnection())) {
            running = statement;
            statement.execute(sql);
        } finally {
            running = null;
        }
    }

    private static ViewId beside(ViewId view, String what) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(view.name().getBytes(StandardCharsets.UTF_8));
            return new ViewId(
                    view.schema(),
                    "refreshd_" + what + "_" + HexFormat.of().formatHex(digest).substring(0, 16));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static String alter(char kind, ViewId view) {
        return "ALTER " + noun(kind) + " " + SqlNames.qualified(view);
    }

    private static String noun(char kind) {
        return kind == 'm' ? "MATERIALIZED VIEW" : "VIEW";
    }
}
