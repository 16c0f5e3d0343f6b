package io.refreshd.cli;

import io.refreshd.capture.Publication;
import io.refreshd.capture.Slot;
import io.refreshd.catalog.BaseTable;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.LedgerTooNewException;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * What is missing of ledger, publication and slot.
 *
 * @param ledger scripts that bring the ledger up to date
 * @param publication statements that make the publication as it has to be
 * @param slot whether the slot has to be made
 * @param database the name of the database
 * @param mayCreate whether the role may make a schema
 */
record Installation(
        List<String> ledger, List<String> publication, boolean slot, String database, boolean mayCreate, int version) {

    static Installation missing(Handle handle, Configuration configuration) throws SQLException, LedgerTooNewException {
        ViewGraph graph = ViewGraph.of(CatalogReader.read(handle.getConnection()), configuration.views()::includes);
        Set<TableId> wanted = graph.tables().values().stream()
                .filter(table -> table.notPublishable().isEmpty())
                .map(BaseTable::id)
                .collect(Collectors.toSet());
        String publication = configuration.capture().publication();
        return new Installation(
                LedgerSchema.pending(handle),
                Publication.plan(publication, wanted, Publication.inspect(handle.getConnection(), publication)),
                Slot.inspect(handle.getConnection(), configuration.capture().slot())
                        .isEmpty(),
                handle.createQuery("SELECT current_database()::text")
                        .mapTo(String.class)
                        .one(),
                handle.createQuery("SELECT has_database_privilege(current_database(), 'CREATE')")
                        .mapTo(Boolean.class)
                        .one(),
                handle.getConnection().getMetaData().getDatabaseMajorVersion());
    }

    boolean complete() {
        return ledger.isEmpty() && publication.isEmpty() && !slot;
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
        if (!ledger.isEmpty()) {
            String right = "CREATE ON DATABASE " + SqlNames.identifier(database);
            sql.append("\nBEGIN;\n");
            sql.append(mayCreate ? "" : "GRANT " + right + " TO " + role + ";\n");
            sql.append("SET LOCAL ROLE ").append(role).append(";\n\n");
            ledger.forEach(script -> sql.append(script.strip()).append("\n\n"));
            sql.append("RESET ROLE;\n");
            sql.append(mayCreate ? "" : "REVOKE " + right + " FROM " + role + ";\n");
            sql.append("COMMIT;\n");
        }
        if (!publication.isEmpty()) {
            sql.append("\n-- A table that a view reads from later on is added by its owner, or by ")
                    .append(role)
                    .append(" where that owns both.\n");
            publication.forEach(statement -> sql.append(statement).append(";\n"));
        }
        if (slot) {
            String name = configuration.capture().slot();
            sql.append("\n-- Waits for the transactions that are running. Not before the publication is there.\n")
                    .append("SELECT pg_create_logical_replication_slot('")
                    .append(name)
                    .append("', 'pgoutput', false, false")
                    .append(version >= 17 ? ", true" : "")
                    .append(")\nWHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '")
                    .append(name)
                    .append("');\n");
        }
        return sql.toString();
    }
}
