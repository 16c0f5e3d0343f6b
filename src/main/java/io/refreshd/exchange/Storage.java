package io.refreshd.exchange;

import io.refreshd.database.PlainSession;
import io.refreshd.model.SqlNames;
import org.jdbi.v3.core.Handle;

/**
 * Where and how the rows of a relation are stored, as far as it is decided when it is created.
 *
 * @param method access method
 * @param tablespace empty: that of the database
 */
public record Storage(String method, String tablespace) {
    public static Storage of(Handle handle, long oid) {
        return handle.createQuery("""
                        SELECT coalesce(m.amname::text, 'heap') AS method, coalesce(b.spcname::text, '') AS tablespace
                          FROM pg_catalog.pg_class c
                          LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
                          LEFT JOIN pg_catalog.pg_tablespace b ON b.oid = c.reltablespace
                         WHERE c.oid = (:oid)::oid
                        """)
                .bind("oid", oid)
                .map((row, context) -> new Storage(row.getString("method"), row.getString("tablespace")))
                .one();
    }

    /** The settings of a session, but for those that would store it otherwise. */
    public PlainSession byDefault(PlainSession session) {
        return session.with("default_tablespace", "").with("default_table_access_method", "heap");
    }

    /** Behind the name in CREATE MATERIALIZED VIEW; empty if it is as by default. */
    public String clauses() {
        return (method.equals("heap") ? "" : " USING " + SqlNames.identifier(method))
                + (tablespace.isEmpty() ? "" : " TABLESPACE " + SqlNames.identifier(tablespace));
    }
}
