package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate.Kind;
import io.refreshd.incremental.ViewParts;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** Exchanges the names of two views under an ACCESS EXCLUSIVE lock, within the transaction of the caller. */
final class Swap {
    /**
     * Attempts to get a lock, each for at most the lock timeout, during which readers queue behind it. There are many, since a
     * refresh of the old view may hold the lock for long, and the new view may be the work of minutes.
     */
    static final int ATTEMPTS = 20;

    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final CancellableStatements statements;

    Swap(CancellableStatements statements) {
        this.statements = statements;
    }

    /**
     * Locks a view until the end of the transaction, so that it can be read, but not refreshed. Taken before the query of the new view
     * begins, the lock ensures that the new view is not older than anything readers have seen.
     *
     * @param parts those of an incremental view; empty if it is a materialized view
     */
    void blockRefresh(Handle transaction, ViewId view, Optional<ViewParts> parts, long expected) throws SQLException {
        // This statement takes the weakest lock that conflicts with a refresh. Its effect does not matter: the view is
        // about to be dropped.
        executeWithRetry(
                transaction,
                parts.map(ViewParts::lock)
                        .orElse("ALTER MATERIALIZED VIEW " + SqlNames.qualified(view) + " SET WITHOUT CLUSTER"),
                ATTEMPTS);
        requireOurs(transaction, view, expected);
    }

    /**
     * Gives a view a temporary name. The rename also takes the lock, and the view is checked after it: until then somebody could
     * have put another view in its place.
     *
     * @return the temporary name, by which to drop the view
     */
    ViewId renameAway(Handle transaction, ViewId view, Kind kind, long expected, int attempts) throws SQLException {
        ViewId old = temporaryName(view, "old");
        executeWithRetry(transaction, rename(kind, view, old), attempts);
        requireOurs(transaction, old, expected);
        return old;
    }

    private void executeWithRetry(Handle transaction, String statement, int attempts) throws SQLException {
        for (int attempt = 1; ; attempt++) {
            statements.execute(transaction, "SAVEPOINT refreshd_swap");
            try {
                statements.execute(transaction, statement);
                // Released, so that what is created later has the transaction's own id as xmin, not that of a
                // subtransaction: ViewBuilder compares the two.
                statements.execute(transaction, "RELEASE SAVEPOINT refreshd_swap");
                return;
            } catch (SQLException e) {
                if (!LOCK_NOT_AVAILABLE.equals(e.getSQLState()) || attempt >= attempts) {
                    throw e;
                }
                statements.execute(transaction, "ROLLBACK TO SAVEPOINT refreshd_swap");
                // Lets the readers that have queued behind this attempt go first.
                statements.execute(transaction, "SELECT pg_catalog.pg_sleep(0.5)");
            }
        }
    }

    /** Checks that the view is still the one that refreshd made, since the plan may be minutes old. */
    private static void requireOurs(Handle transaction, ViewId view, long expected) throws SQLException {
        boolean ours = transaction
                .createQuery("""
                        SELECT coalesce(pg_catalog.to_regclass(:view)::oid = (:expected)::oid
                                        AND pg_catalog.obj_description((:expected)::oid, 'pg_class') LIKE :mark, false)
                        """)
                .bind("view", SqlNames.qualified(view))
                .bind("expected", expected)
                .bind("mark", ViewBuilder.MARK + "%")
                .mapTo(Boolean.class)
                .one();
        if (!ours) {
            throw new SQLException("somebody has just put another view in its place, or taken it over by its comment");
        }
    }

    /**
     * A name for the time of the swap: a hash, which is short enough whatever the name of the view is.
     *
     * @param purpose {@code new} or {@code old}
     */
    static ViewId temporaryName(ViewId view, String purpose) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(view.name().getBytes(StandardCharsets.UTF_8));
            return new ViewId(
                    view.schema(),
                    "refreshd_" + purpose + "_"
                            + HexFormat.of().formatHex(digest).substring(0, 16));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    static String rename(Kind kind, ViewId from, ViewId to) {
        return "ALTER " + ViewBuilder.noun(kind) + " " + SqlNames.qualified(from) + " RENAME TO "
                + SqlNames.identifier(to.name());
    }

    static String drop(Kind kind, ViewId view) {
        return "DROP " + ViewBuilder.noun(kind) + " " + SqlNames.qualified(view);
    }
}
