package io.refreshd.cli;

import io.refreshd.capture.Publication;
import io.refreshd.capture.PublicationState;
import io.refreshd.capture.Slot;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.config.RoleViewTemplate.Kind;
import io.refreshd.doctor.RequiredTables;
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
 * What {@code init} has to create: the parts of ledger, publication and slot that are missing.
 *
 * @param ledger scripts that create the ledger or bring it up to date
 * @param publication statements that create the publication or add tables to it
 * @param published whether the publication exists
 * @param stores whether role views are to be incremental, and the schema for their rows is missing
 * @param slot the call that creates the slot; empty if the slot exists
 * @param database the name of the database
 * @param mayCreate whether the role may create a schema
 */
record InstallationPlan(
        List<String> ledger,
        List<String> publication,
        boolean published,
        boolean stores,
        Optional<String> slot,
        String database,
        boolean mayCreate) {

    static InstallationPlan of(Handle handle, Configuration configuration) throws SQLException, LedgerTooNewException {
        ViewGraph graph = ViewGraph.of(
                CatalogReader.read(handle.getConnection(), configuration.views()::includes),
                configuration.views()::includes);
        // Slot and publication of a connector are not refreshd's to make.
        boolean own = configuration.kafka().isEmpty();
        Set<TableId> required = RequiredTables.of(handle, configuration, graph).publishable();
        String publication = configuration.capture().publication();
        Optional<PublicationState> published = Publication.inspect(handle.getConnection(), publication);
        String slot = configuration.capture().slot();
        int version = handle.getConnection().getMetaData().getDatabaseMajorVersion();
        return new InstallationPlan(
                LedgerSchema.pending(handle),
                own ? Publication.plan(publication, required, published) : List.of(),
                published.isPresent(),
                configuration.roleViews().stream()
                                .anyMatch(template -> template.definition().kind() == Kind.INCREMENTAL)
                        && !IncrementalStores.exist(handle),
                own && Slot.inspect(handle.getConnection(), slot).isEmpty()
                        ? Optional.of(Slot.call(slot, version))
                        : Optional.empty(),
                handle.createQuery("SELECT current_database()::text")
                        .mapTo(String.class)
                        .one(),
                handle.createQuery("SELECT has_database_privilege(current_database(), 'CREATE')")
                        .mapTo(Boolean.class)
                        .one());
    }

    /**
     * The script for a DBA. It creates the ledger as the daemon's role, so that the daemon owns it and can migrate it later.
     *
     * @param grants statements to run first
     * @param remarks comments about what has to be done before the script is run
     */
    String script(Configuration configuration, List<String> grants, List<String> remarks) {
        String role = SqlNames.identifier(configuration.database().user());
        StringBuilder sql = new StringBuilder("-- Creates what refreshd still needs in database "
                + SqlNames.identifier(database) + ". Run it there as a superuser, or as a role that may SET ROLE to "
                + role
                + " and owns the tables.\n");
        remarks.forEach(remark -> remark.lines()
                .forEach(line -> sql.append("-- First: ").append(line).append('\n')));
        grants.forEach(grant -> sql.append(grant).append(";\n"));
        if (!ledger.isEmpty() || !publication.isEmpty() || stores) {
            // The owner of a new schema or publication needs CREATE on the database, unless a superuser assigns it.
            boolean grant = !mayCreate && (!ledger.isEmpty() || !published);
            String right = "CREATE ON DATABASE " + SqlNames.identifier(database);
            sql.append("\nBEGIN;\n").append(grant ? "GRANT " + right + " TO " + role + ";\n" : "");
            ledger(sql, role);
            if (stores) {
                sql.append("-- For the rows of incremental views.\nCREATE SCHEMA refreshd_store AUTHORIZATION ")
                        .append(role)
                        .append(";\n");
            }
            publication(sql, role, SqlNames.identifier(configuration.capture().publication()));
            sql.append(grant ? "REVOKE " + right + " FROM " + role + ";\n" : "").append("COMMIT;\n");
        }
        slot.ifPresent(call -> sql.append(
                        "\n-- Waits for running transactions to end. Run it after the publication has been created.\n")
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
            sql.append("-- A table that a view reads later has to be added by its owner, or by ")
                    .append(role)
                    .append(" if that role owns both table and publication.\n");
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
