package io.refreshd.exchange;

import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Makes the indexes of one relation on another one, with their comments, tablespaces and settings. */
public final class Indexes {
    /**
     * The server writes the definition of an index with the names of index and table at its beginning; the text after them fits the other
     * relation too.
     */
    private static final String INDEXES = """
            SELECT i.oid::int8 AS oid, i.relname::text AS name, pg_catalog.starts_with(d.text, d.head) AS known, d.what,
                   pg_catalog.substr(d.text, pg_catalog.length(d.head) + 1) AS rest,
                   coalesce(pg_catalog.obj_description(i.oid, 'pg_class'), '') AS comment,
                   coalesce(b.spcname::text, '') AS tablespace, x.indisclustered, x.indisreplident,
                   ARRAY(SELECT pg_catalog.format('ALTER COLUMN %s SET STATISTICS %s', a.attnum, a.attstattarget)
                           FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.oid AND a.attstattarget >= 0) AS settings
              FROM pg_catalog.pg_index x
              JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
              JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
              JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
              LEFT JOIN pg_catalog.pg_tablespace b ON b.oid = i.reltablespace
              CROSS JOIN LATERAL (SELECT CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END) u (what)
              CROSS JOIN LATERAL (
                SELECT u.what, pg_catalog.pg_get_indexdef(i.oid),
                       pg_catalog.format('CREATE %sINDEX %I ON %I.%I', u.what, i.relname, s.nspname, t.relname)) d (what, text, head)
             WHERE x.indrelid = (:old_oid)::oid AND x.indisvalid
               AND (:ignored = '' OR coalesce(pg_catalog.obj_description(i.oid, 'pg_class'), '') <> :ignored)
             ORDER BY i.oid
            """;

    private record Index(
            long oid,
            String name,
            boolean known,
            String what,
            String rest,
            String comment,
            String tablespace,
            boolean clustered,
            boolean identity,
            List<String> settings) {}

    /**
     * An index that has a temporary name, since another one has its name.
     *
     * @param name the one that it is to have
     */
    public record Renamed(String temporary, String name) {
        /** The statement that gives it its name. */
        public String statement(String schema) {
            return "ALTER INDEX " + SqlNames.qualified(new ViewId(schema, temporary)) + " RENAME TO "
                    + SqlNames.identifier(name);
        }
    }

    private final Handle transaction;
    private final Statements statements;

    public Indexes(Handle transaction, Statements statements) {
        this.transaction = transaction;
        this.statements = statements;
    }

    /**
     * Makes the indexes of a relation in another schema on another one, under their names where these are free in its schema.
     *
     * @param ignored comment of indexes that are left out; empty: none
     * @param noun of the other one, as in ALTER
     * @param view oid of the public view: the end of an index's name where the name was not free
     */
    public void copy(long oldOid, String noun, ViewId fresh, String ignored, long view) throws SQLException {
        for (Index index : indexes(oldOid, ignored)) {
            create(index, fresh, Names.free(transaction, fresh.schema(), Names.plain(index.name(), view), view), noun);
        }
    }

    /**
     * Makes the indexes of a relation on a materialized view under temporary names, since they still have theirs.
     *
     * @return what they are to be named once the relation is gone
     */
    public List<Renamed> copyBeside(long oldOid, ViewId fresh, String ignored) throws SQLException {
        List<Renamed> renamed = new ArrayList<>();
        for (Index index : indexes(oldOid, ignored)) {
            String temporary = "refreshd_index_" + index.oid();
            create(index, fresh, temporary, "MATERIALIZED VIEW");
            renamed.add(new Renamed(temporary, index.name()));
        }
        return renamed;
    }

    private List<Index> indexes(long oldOid, String ignored) throws SQLException {
        List<Index> indexes = transaction
                .createQuery(INDEXES)
                .bind("old_oid", oldOid)
                .bind("ignored", ignored)
                .map((row, context) -> new Index(
                        row.getLong("oid"),
                        row.getString("name"),
                        row.getBoolean("known"),
                        row.getString("what"),
                        row.getString("rest"),
                        row.getString("comment"),
                        row.getString("tablespace"),
                        row.getBoolean("indisclustered"),
                        row.getBoolean("indisreplident"),
                        List.of((String[]) row.getArray("settings").getArray())))
                .list();
        for (Index index : indexes) {
            if (!index.known()) {
                throw new SQLException("the definition of the index " + index.name() + " has an unknown form");
            }
        }
        return indexes;
    }

    private void create(Index index, ViewId fresh, String name, String noun) throws SQLException {
        String relation = SqlNames.qualified(fresh);
        String qualified = SqlNames.qualified(new ViewId(fresh.schema(), name));
        if (!index.tablespace().isEmpty()) {
            statements.inTablespace(index.tablespace());
        }
        try {
            statements.execute(
                    "CREATE " + index.what() + "INDEX " + SqlNames.identifier(name) + " ON " + relation + index.rest());
        } catch (SQLException e) {
            throw new SQLException(
                    "the index " + index.name() + " cannot be made again: " + e.getMessage()
                            + "; drop it if it is not needed",
                    e.getSQLState(),
                    e);
        }
        if (!index.tablespace().isEmpty()) {
            statements.inTablespace("");
        }
        for (String setting : index.settings()) {
            statements.execute("ALTER INDEX " + qualified + " " + setting);
        }
        if (!index.comment().isEmpty()) {
            statements.execute("COMMENT ON INDEX " + qualified + " IS " + SqlNames.literal(index.comment()));
        }
        if (index.clustered()) {
            statements.execute("ALTER " + noun + " " + relation + " CLUSTER ON " + SqlNames.identifier(name));
        }
        if (index.identity()) {
            statements.execute(
                    "ALTER " + noun + " " + relation + " REPLICA IDENTITY USING INDEX " + SqlNames.identifier(name));
        }
    }
}
