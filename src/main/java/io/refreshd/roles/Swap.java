package io.refreshd.roles;

import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.util.HexFormat;
import org.jdbi.v3.core.Handle;

/** Takes a view's name from it under the eyes of its readers, within the caller's transaction. */
final class Swap {
    /**
     * How often it tries for a lock, each time for as long as the lock timeout, during which readers queue behind it: a refresh
     * of the old view may hold it for longer, and the new one, perhaps the work of minutes, is not to be thrown away.
     */
    static final int ATTEMPTS = 20;

    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final Statements statements;

    Swap(Statements statements) {
        this.statements = statements;
    }

    /**
     * Keeps a materialized view as it is until the end of the transaction; it can be read, but neither refreshed nor altered.
     * Begun before the query of the one that takes its place, it sees to it that nobody who has read a row loses it again.
     */
    void hold(Handle transaction, ViewId view, long expected) throws SQLException {
        // Does nothing to a view that is about to be dropped; takes the weakest lock that keeps a refresh away.
        patiently(
                transaction, "ALTER MATERIALIZED VIEW " + SqlNames.qualified(view) + " SET WITHOUT CLUSTER", ATTEMPTS);
        requireOurs(transaction, view, expected);
    }

    /**
     * Gives a view another name. Renaming takes the lock; only then it is certain what is going to be dropped.
     *
     * @return the name by which to drop it
     */
    ViewId putAside(Handle transaction, ViewId view, char kind, long expected, int attempts) throws SQLException {
        ViewId old = beside(view, "old");
        patiently(transaction, rename(kind, view, old), attempts);
        requireOurs(transaction, old, expected);
        return old;
    }

    private void patiently(Handle transaction, String statement, int attempts) throws SQLException {
        for (int attempt = 1; ; attempt++) {
            statements.execute(transaction, "SAVEPOINT refreshd_swap");
            try {
                statements.execute(transaction, statement);
                // What is made afterwards is made by the transaction itself, and not by one within it.
                statements.execute(transaction, "RELEASE SAVEPOINT refreshd_swap");
                return;
            } catch (SQLException e) {
                if (!LOCK_NOT_AVAILABLE.equals(e.getSQLState()) || attempt >= attempts) {
                    throw e;
                }
                statements.execute(transaction, "ROLLBACK TO SAVEPOINT refreshd_swap");
                // Those who have queued up behind the attempt come first.
                statements.execute(transaction, "SELECT pg_catalog.pg_sleep(0.5)");
            }
        }
    }

    /** The plan may be minutes old by now. */
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
            throw new SQLException(
                    "somebody has put another view in its place just now, or taken it over by its comment");
        }
    }

    /** A name of passage, short enough whatever the view is called. */
    static ViewId beside(ViewId view, String what) {
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

    static String rename(char kind, ViewId from, ViewId to) {
        return "ALTER " + ViewBuilder.noun(kind) + " " + SqlNames.qualified(from) + " RENAME TO "
                + SqlNames.identifier(to.name());
    }

    static String drop(char kind, ViewId view) {
        return "DROP " + ViewBuilder.noun(kind) + " " + SqlNames.qualified(view);
    }
}
