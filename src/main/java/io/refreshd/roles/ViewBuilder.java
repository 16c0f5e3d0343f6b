package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.config.RoleViewTemplate.Kind;
import io.refreshd.database.PlainSession;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** Creates a view with its rows, indexes and comments, within the transaction of the caller. */
final class ViewBuilder {
    /** Beginning of the comment on everything that refreshd creates. By it refreshd recognizes its views and indexes. */
    static final String MARK = "Created by refreshd";

    private final CancellableStatements statements;

    ViewBuilder(CancellableStatements statements) {
        this.statements = statements;
    }

    /**
     * Creates a view; of an incremental one the materialized view that it is made of, without rows. The owner is set before the view is filled, since the view contains what its owner may see. The rows come
     * from REFRESH, which writes them frozen. Before PostgreSQL 17, rows written by CREATE are invisible to a transaction whose
     * snapshot is older than the swap.
     *
     * @param as name to create it under
     * @param owner empty: the connected role
     * @return oid of the view; empty if the name was taken already
     */
    Optional<Long> build(Handle transaction, DesiredView desired, ViewId as, Optional<String> owner)
            throws SQLException {
        RoleViewTemplate.Definition definition = desired.template().definition();
        String name = SqlNames.qualified(as);
        String noun = noun(desired.built());
        define(transaction, desired, as);
        Optional<Long> oid = oidIfMadeHere(transaction, as);
        if (oid.isEmpty()) {
            return oid;
        }
        if (owner.isPresent()) {
            statements.execute(
                    transaction, "ALTER " + noun + " " + name + " OWNER TO " + SqlNames.identifier(owner.get()));
        }
        if (desired.kind() == Kind.MATERIALIZED_VIEW) {
            // Its rows are those of each later refresh: under the settings of the owner.
            Connection connection = transaction.getConnection();
            statements.execute(transaction, "SET LOCAL search_path = ''");
            statements.execute(
                    transaction,
                    PlainSession.ofOwner(connection, oid.get()).around("REFRESH MATERIALIZED VIEW " + name));
        }
        if (desired.kind().isKept()) {
            index(transaction, definition, name, oid.get());
        }
        statements.execute(
                transaction,
                "COMMENT ON " + noun + " " + name + " IS "
                        + literal(transaction, comment(desired.template().name().toString())));
        return oid;
    }

    /** Revokes what {@code ALTER DEFAULT PRIVILEGES} has granted to others than the owner. */
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

    /** Grants {@code SELECT} to the reader of the template. */
    void grant(Handle transaction, DesiredView desired, ViewId as) throws SQLException {
        Optional<String> reader = desired.template().access().grantTo(desired.role());
        if (reader.isPresent()) {
            statements.execute(
                    transaction,
                    "GRANT SELECT ON " + SqlNames.qualified(as) + " TO " + SqlNames.identifier(reader.get()));
        }
    }

    static String comment(String template) {
        return MARK + " from the template " + template + ".";
    }

    static String noun(Kind kind) {
        return kind == Kind.MATERIALIZED_VIEW ? "MATERIALIZED VIEW" : "VIEW";
    }

    void define(Handle transaction, DesiredView desired, ViewId as) throws SQLException {
        RoleViewTemplate.Definition definition = desired.template().definition();
        String query = definition.query().with(literal(transaction, desired.role()));
        // security_barrier: without it a function in a reader's condition could see the rows of other roles.
        // Names in the query are found by the search path of a plain session. Nothing else of refreshd's is.
        statements.execute(
                transaction,
                PlainSession.ofLogin(transaction.getConnection())
                        .around(
                                desired.kind().isKept()
                                        ? "CREATE MATERIALIZED VIEW IF NOT EXISTS " + SqlNames.qualified(as) + " AS "
                                                + query + "\nWITH NO DATA"
                                        : "CREATE VIEW " + SqlNames.qualified(as) + " WITH (security_barrier) AS "
                                                + query));
    }

    /** Creates the indexes of the template, with a comment that tells them from indexes that people add. */
    private void index(Handle transaction, RoleViewTemplate.Definition definition, String view, long oid)
            throws SQLException {
        if (!definition.uniqueKey().isEmpty()) {
            statements.execute(
                    transaction,
                    "CREATE UNIQUE INDEX ON " + view + " ("
                            + definition.uniqueKey().stream()
                                    .map(SqlNames::identifier)
                                    .collect(Collectors.joining(", "))
                            + ")");
        }
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

    /** A text as an SQL literal. The server quotes it, by its own settings and encoding. */
    static String literal(Handle transaction, String text) {
        return transaction
                .createQuery("SELECT pg_catalog.format('%L', :text)")
                .bind("text", text)
                .mapTo(String.class)
                .one();
    }

    /** The oid of a view that this transaction created. {@code IF NOT EXISTS} does not tell; the xmin of the catalog row does. */
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
