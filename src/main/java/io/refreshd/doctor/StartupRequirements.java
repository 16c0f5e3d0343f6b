package io.refreshd.doctor;

import io.refreshd.capture.CaptureSettings;
import io.refreshd.capture.KafkaUnavailableException;
import io.refreshd.capture.Prerequisites;
import io.refreshd.capture.Publication;
import io.refreshd.capture.Server;
import io.refreshd.capture.Slot;
import io.refreshd.capture.TopicSurvey;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * What the daemon needs in the database before it can stream, and whether its role may create what is missing. {@code run} refuses
 * to start on each obstacle found here. Changes nothing; blocks.
 *
 * <p>Invariant: where the role may not create something, the remedy is a complete script. A superuser can run it as printed, and
 * nothing else is needed.
 */
public final class StartupRequirements {
    private StartupRequirements() {}

    /**
     * What keeps the daemon from starting; empty if a start may be tried. No record of a topic is read: that belongs to an attempt at reading
     * on, which is counted.
     */
    public static List<Obstacle> obstacles(Handle handle, Configuration configuration)
            throws SQLException, KafkaUnavailableException {
        List<Obstacle> obstacles = new ArrayList<>(capture(handle, configuration, TopicSurvey::take));
        foreignLedger(handle).ifPresent(obstacles::add);
        missingCreatePrivilege(handle, configuration).ifPresent(obstacles::add);
        return obstacles;
    }

    /** Why no view can be made incremental with this source of changes; empty if views can be. */
    public static Optional<Obstacle> toIncremental(Configuration configuration) {
        return TopicRequirements.toIncremental(configuration);
    }

    /** What keeps the changes from being read, also by the last records of the topics. */
    static List<Obstacle> capture(Handle handle, Configuration configuration)
            throws SQLException, KafkaUnavailableException {
        return capture(handle, configuration, TopicSurvey::withLastRecords);
    }

    private static List<Obstacle> capture(Handle handle, Configuration configuration, TopicRequirements.Survey survey)
            throws SQLException, KafkaUnavailableException {
        return configuration.kafka().isPresent()
                ? TopicRequirements.obstacles(
                        handle, settings(configuration), configuration.kafka().get(), survey)
                : Prerequisites.check(handle.getConnection(), settings(configuration));
    }

    /** The obstacle that another role owns the ledger and this role may not write to it. */
    static Optional<Obstacle> foreignLedger(Handle handle) {
        LedgerAccess found = ledgerAccess(handle);
        if (found.ledger() && found.forged()) {
            return Optional.of(
                    new Obstacle(
                            "the schema refreshd belongs to " + found.ledgerOwner()
                                    + ", who is no superuser: refreshd as the superuser " + found.role()
                                    + " would run that role's triggers and functions as a superuser",
                            Remedy.text(
                                    "if you do not know who made the schema, drop it; otherwise let refreshd connect as its owner")));
        }
        return found.ledger() && !found.mayUseLedger()
                ? Optional.of(new Obstacle(
                        "the ledger, schema refreshd, belongs to " + found.ledgerOwner() + ", and role " + found.role()
                                + " may not write to it",
                        Remedy.sql("GRANT " + SqlNames.identifier(found.ledgerOwner()) + " TO "
                                        + SqlNames.identifier(found.role()))
                                .and("only if you know who made the schema: its owner can have code run as refreshd")))
                : Optional.empty();
    }

    /** The obstacle that ledger or publication are missing and this role may not create them. */
    static Optional<Obstacle> missingCreatePrivilege(Handle handle, Configuration configuration) throws SQLException {
        LedgerAccess found = ledgerAccess(handle);
        String publication = configuration.capture().publication();
        boolean published = configuration.kafka().isPresent()
                || Publication.inspect(handle.getConnection(), publication).isPresent();
        if (found.mayCreate() || (found.ledger() && published)) {
            return Optional.empty();
        }
        return Optional.of(new Obstacle(
                "role " + found.role() + " may not create "
                        + (found.ledger() ? "" : "the ledger (schema refreshd)")
                        + (found.ledger() || published ? "" : " and ")
                        + (published ? "" : "the publication " + publication) + " in database "
                        + found.database(),
                script(handle, configuration, found, published)));
    }

    public static CaptureSettings settings(Configuration configuration) {
        return new CaptureSettings(
                Server.of(
                        configuration.database().url(),
                        configuration.database().user(),
                        configuration.database().password().reveal()),
                configuration.capture().slot(),
                configuration.capture().publication(),
                configuration.capture().heartbeatInterval());
    }

    /** The slot comes last and outside the transaction: the server creates none in a transaction that has written. */
    private static Remedy script(Handle handle, Configuration configuration, LedgerAccess found, boolean published)
            throws SQLException {
        List<String> lines = new ArrayList<>();
        String role = SqlNames.identifier(found.role());
        if (!found.ledger()) {
            lines.add("CREATE SCHEMA refreshd AUTHORIZATION " + role);
        }
        if (!published) {
            String name = configuration.capture().publication();
            ViewGraph graph = ViewGraph.of(
                    CatalogReader.read(handle.getConnection(), configuration.views()::includes),
                    configuration.views()::includes);
            Set<TableId> required =
                    RequiredTables.of(handle, configuration, graph).publishable();
            lines.addAll(Publication.plan(name, required, Optional.empty()));
            lines.add("ALTER PUBLICATION " + SqlNames.identifier(name) + " OWNER TO " + role);
        }
        String slot = configuration.capture().slot();
        if (configuration.kafka().isEmpty()
                && Slot.inspect(handle.getConnection(), slot).isEmpty()) {
            int version = handle.getConnection().getMetaData().getDatabaseMajorVersion();
            lines.add("SELECT " + Slot.call(slot, version));
        }
        return Remedy.sql(lines)
                .and("to be run by a superuser in database " + found.database().replaceAll("\\R", " ")
                        + "; or let refreshd create everything itself: "
                        + found.grantCreate().replaceAll("\\R", " "));
    }

    /**
     * @param ledgerOwner empty if there is no ledger
     * @param forged whether a superuser would work with a ledger of somebody who is none: everybody who may create a schema can make one
     */
    private record LedgerAccess(
            String role,
            String database,
            boolean mayCreate,
            String grantCreate,
            String ledgerOwner,
            boolean forged,
            boolean mayUseLedger) {
        boolean ledger() {
            return !ledgerOwner.isEmpty();
        }
    }

    private static LedgerAccess ledgerAccess(Handle handle) {
        return handle.createQuery("""
                        SELECT current_user AS role, current_database() AS database,
                               has_database_privilege(current_database(), 'CREATE') AS may_create,
                               format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user) AS grant_create,
                               coalesce(pg_get_userbyid(n.nspowner), '') AS ledger_owner,
                               coalesce(pg_has_role(n.nspowner, 'USAGE'), false) AS may_use,
                               coalesce(me.rolsuper AND NOT o.rolsuper, false) AS forged
                        FROM (VALUES (1)) AS always
                        JOIN pg_roles me ON me.rolname = current_user
                        LEFT JOIN pg_namespace n ON n.nspname = 'refreshd'
                        LEFT JOIN pg_roles o ON o.oid = n.nspowner
                        """)
                .map((row, context) -> new LedgerAccess(
                        row.getString("role"),
                        row.getString("database"),
                        row.getBoolean("may_create"),
                        row.getString("grant_create"),
                        row.getString("ledger_owner"),
                        row.getBoolean("forged"),
                        row.getBoolean("may_use")))
                .one();
    }
}
