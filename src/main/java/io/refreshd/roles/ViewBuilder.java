package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** Makes one view with its rows, indexes and comments, within the caller's transaction. */
final class ViewBuilder {
    static final String MARK = "Created by refreshd";

    private final Statements statements;

    ViewBuilder(Statements statements) {
        this.statements = statements;
    }

    /**
     * The owner comes before the rows, since a view holds what its owner may see. And the rows come by REFRESH, which freezes
     * them: rows of CREATE are, before PostgreSQL 17, not there for a transaction whose snapshot is older than a swap.
     *
     * @param as the name to make it under
     * @param owner empty for the role that is connected
     * @return its oid; empty if there was something of that name already
     */
    Optional<Long> build(Handle transaction, WantedView wanted, ViewId as, Optional<String> owner) throws SQLException {
        RoleViewTemplate.Definition definition = wanted.template().definition();
        String name = SqlNames.qualified(as);
        define(transaction, wanted, as);
        Optional<Long> oid = oidIfMadeHere(transaction, as);
        if (oid.isEmpty()) {
            return oid;
        }
        if (owner.isPresent()) {
            statements.execute(
                    transaction,
                    "ALTER " + noun(wanted.kind()) + " " + name + " OWNER TO " + SqlNames.identifier(owner.get()));
        }
        if (definition.materialized()) {
            statements.execute(transaction, "REFRESH MATERIALIZED VIEW " + name);
            index(transaction, definition, name, oid.get());
        }
        statements.execute(
                transaction,
                "COMMENT ON " + noun(wanted.kind()) + " " + name + " IS "
                        + literal(transaction, comment(wanted.template().name().toString())));
        return oid;
    }

    /** Takes away what {@code ALTER DEFAULT PRIVILEGES} has given to others than the owner. */
    void revokeDefaults(Handle transaction, ViewId as, long oid) throws SQLException {
        List<String> revokes = transaction
                .createQuery("""
                        SELECT DISTINCT pg_catalog.format('REVOKE ALL ON %s FROM %s', :view,
                                 CASE a.grantee WHEN 0 THEN 'PUBLIC'
                                      ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)::text) END)
                          FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
                         WHERE c.oid = (:oid)::oid AND a.grantee <> c.relowner
                        """)
                .bind("view", SqlNames.qualified(as))
                .bind("oid", oid)
                .mapTo(String.class)
                .list();
        for (String revoke : revokes) {
            statements.execute(transaction, revoke);
        }
    }

    /** Lets the reader of the template read it. */
    void grant(Handle transaction, WantedView wanted, ViewId as) throws SQLException {
        Optional<String> reader = wanted.template().access().grantTo(wanted.role());
        if (reader.isPresent()) {
            statements.execute(
                    transaction,
                    "GRANT SELECT ON " + SqlNames.qualified(as) + " TO " + SqlNames.identifier(reader.get()));
        }
    }

    static String comment(String template) {
        return MARK + " from the template " + template + ".";
    }

    static String noun(char kind) {
        return kind == 'm' ? "MATERIALIZED VIEW" : "VIEW";
    }

    private void define(Handle transaction, WantedView wanted, ViewId as) throws SQLException {
        RoleViewTemplate.Definition definition = wanted.template().definition();
        String query = definition.query().with(literal(transaction, wanted.role()));
        // A barrier, since functions in a reader's condition must not see the rows of other roles.
        statements.execute(
                transaction,
                definition.materialized()
                        ? "CREATE MATERIALIZED VIEW IF NOT EXISTS " + SqlNames.qualified(as) + " AS " + query
                                + "\nWITH NO DATA"
                        : "CREATE VIEW " + SqlNames.qualified(as) + " WITH (security_barrier) AS " + query);
    }

    /** Marked, so that they can be told from those that somebody adds. */
    private void index(Handle transaction, RoleViewTemplate.Definition definition, String view, long oid)
            throws SQLException {
        statements.execute(
                transaction,
                "CREATE UNIQUE INDEX ON " + view + " ("
                        + definition.uniqueKey().stream()
                                .map(SqlNames::identifier)
                                .collect(Collectors.joining(", "))
                        + ")");
        for (String index : definition.indexes()) {
            statements.execute(transaction, "CREATE INDEX ON " + view + " (" + index + ")");
        }
        List<String> names = transaction
                .createQuery("SELECT indexrelid::regclass::text FROM pg_catalog.pg_index WHERE indrelid = (:oid)::oid")
                .bind("oid", oid)
                .mapTo(String.class)
                .list();
        for (String name : names) {
            statements.execute(transaction, "COMMENT ON INDEX " + name + " IS '" + MARK + ".'");
        }
    }

    /** The server's own quoting, which knows its settings and encoding. */
    static String literal(Handle transaction, String text) {
        return transaction
                .createQuery("SELECT pg_catalog.format('%L', :text)")
                .bind("text", text)
                .mapTo(String.class)
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
}
