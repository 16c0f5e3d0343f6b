package io.refreshd.exchange;

import io.refreshd.database.PlainSession;
import java.sql.SQLException;
import org.jdbi.v3.core.Handle;

/** Reads the queries of views, as text and as the tree that the server stores. */
public final class Definitions {
    private Definitions() {}

    /** The query as text, without the semicolon at its end. @param session settings for definitions; the text is read under them too */
    public static String textOf(Handle transaction, PlainSession session, long view) throws SQLException {
        return session.query(
                transaction.getConnection(),
                "SELECT pg_catalog.rtrim(pg_catalog.pg_get_viewdef(" + view + "::pg_catalog.oid), ';')",
                row -> {
                    row.next();
                    return row.getString(1);
                });
    }

    public static String treeOf(Handle transaction, long view) {
        return transaction
                .createQuery("SELECT r.ev_action::text FROM pg_catalog.pg_rewrite r"
                        + " WHERE r.ev_class = (:view)::oid AND r.rulename = '_RETURN'")
                .bind("view", view)
                .mapTo(String.class)
                .one();
    }

    public static long oidOf(Handle transaction, String qualified) {
        return transaction
                .createQuery("SELECT pg_catalog.to_regclass(:name)::oid::int8")
                .bind("name", qualified)
                .mapTo(Long.class)
                .one();
    }
}
