package io.refreshd.cli;

import io.refreshd.capture.Publication;
import io.refreshd.capture.PublicationState;
import io.refreshd.capture.Slot;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.doctor.Wanted;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.LedgerTooNewException;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * What is missing of ledger, publication and slot.
 *
 * @param ledger scripts that bring the ledger up to date
 * @param publication statements that make the publication as it has to be
 * @param published whether there is a publication, to be changed at most
 * @param slot the call that makes the slot, if it has to be made
 * @param database the name of the database
 * @param mayCreate whether the role may make a schema
 */
record Installation(
        List<String> ledger,
        List<String> publication,
        boolean published,
        Optional<String> slot,
        String database,
        boolean mayCreate) {

    static Installation missing(Handle handle, Configuration configuration) throws SQLException, LedgerTooNewException {
        ViewGraph graph = ViewGraph.of(CatalogReader.read(handle.getConnection()), configuration.views()::includes);
        Set<TableId> wanted = Wanted.of(handle, configuration, graph).publishable();
        String publication = configuration.capture().publication();
        Optional<PublicationState> published = Publication.inspect(handle.getConnection(), publication);
        String slot = configuration.capture().slot();
        int version = handle.getConnection().getMetaData().getDatabaseMajorVersion();
        return new Installation(
                LedgerSchema.pending(handle),
                Publication.plan(publication, wanted, published),
                published.isPresent(),
                Slot.inspect(handle.getConnection(), slot).isEmpty()
                        ? Optional.of(Slot.call(slot, version))
                        : Optional.empty(),
                handle.createQuery("SELECT current_database()::text")
                        .mapTo(String.class)
                        .one(),
                handle.createQuery("SELECT has_database_privilege(current_database(), 'CREATE')")
                        .mapTo(Boolean.class)
                        .one());
    }

    /** The script for a DBA. The ledger is made as the daemon's role, so that it owns what it has to migrate one day. */
    String script(Configuration configuration, List<String> grants, List<String> remarks) {
        String role = SqlNames.identifier(configuration.database().user());
        StringBuilder sql = new StringBuilder("-- What refreshd lacks in database " + SqlNames.identifier(database)
                + ". To be run there by a superuser, or by a role that may become " + role
                + " and owns the tables.\n");
        remarks.forEach(remark -> remark.lines()
                .forEach(line -> sql.append("-- First: ").append(line).append('\n')));
        grants.forEach(grant -> sql.append(grant).append(";\n"));
        if (!ledger.isEmpty() || !publication.isEmpty()) {
            // Who owns a new schema or publication must be allowed to create it, unless a superuser gives it away.
            boolean grant = !mayCreate && (!ledger.isEmpty() || !published);
            String right = "CREATE ON DATABASE " + SqlNames.identifier(database);
            sql.append("\nBEGIN;\n").append(grant ? "GRANT " + right + " TO " + role + ";\n" : "");
            ledger(sql, role);
            publication(sql, role, SqlNames.identifier(configuration.capture().publication()));
            sql.append(grant ? "REVOKE " + right + " FROM " + role + ";\n" : "").append("COMMIT;\n");
        }
        slot.ifPresent(call -> sql.append(
                        "\n-- Waits for the transactions that are running. Not before the publication is there.\n")
                .append("SELECT ")
                .append(call)
                .append("\nWHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '")
                .append(configuration.capture().slot())
                .append("');\n"));
        return sql.toString();
    }

    private void ledger(StringBuilder sql, String role) {
        if (!ledger.isEmpty()) {
            sql.append("SET LOCAL ROLE ").append(role).append(";\n\n");
            ledger.forEach(script -> sql.append(script.strip()).append("\n\n"));
            sql.append("RESET ROLE;\n");
        }
    }

    private void publication(StringBuilder sql, String role, String name) {
        if (!publication.isEmpty()) {
            sql.append("-- A table that a view reads from later on is added by its owner, or by ")
                    .append(role)
                    .append(" where that owns both.\n");
            publication.forEach(statement -> sql.append(statement).append(";\n"));
            if (!published) {
                sql.append("ALTER PUBLICATION ")
                        .append(name)
                        .append(" OWNER TO ")
                        .append(role)
                        .append(";\n");
            }
        }
    }
}
