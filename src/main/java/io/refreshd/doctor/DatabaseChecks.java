package io.refreshd.doctor;

import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.UnsentNames;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.model.Remedy;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;

/**
 * Runs all checks of a database in one read-only transaction, so that they see one snapshot.
 *
 * <p>Failure: a check whose query fails becomes a finding of its own, and the other checks go on. A lost connection is thrown.
 */
public final class DatabaseChecks {
    private static final String CONNECTION_EXCEPTION = "08";
    private static final String SAVEPOINT = "refreshd_check";
    private static final Map<String, Check> CHECKS = new LinkedHashMap<>();

    static {
        CHECKS.put("server", new ServerCheck());
        CHECKS.put("ledger", new LedgerCheck());
        CHECKS.put("tables", new TableCheck());
        CHECKS.put("views", new ViewCheck());
        CHECKS.put("privileges", new PrivilegeCheck());
        CHECKS.put("role views", new RoleViewCheck());
        CHECKS.put("look-ups", new LookUpCheck());
        CHECKS.put("whose code runs", new TrustCheck());
        CHECKS.put("incremental views", new IncrementalCheck());
        CHECKS.put("definitions", new DefinitionCheck());
        CHECKS.put("determinism", new DeterminismCheck());
        CHECKS.put("calendar", new CalendarCheck());
        CHECKS.put("together", new GroupCheck());
        CHECKS.put("settings", new SettingsCheck());
        CHECKS.put("event triggers", new EventTriggerCheck());
        CHECKS.put("storage", new StorageCheck());
        CHECKS.put("encoding", new EncodingCheck());
        CHECKS.put("catalog size", new CatalogSizeCheck());
        CHECKS.put("row width", new RowWidthCheck(Runtime.getRuntime()::maxMemory));
    }

    private DatabaseChecks() {}

    /**
     * Runs every check and changes nothing. Blocks.
     *
     * @param handle no transaction may be open on it
     * @param wall this machine's clock
     * @return the findings, the worst first
     */
    public static List<Finding> run(Handle handle, Configuration configuration, Supplier<Instant> wall)
            throws SQLException {
        handle.begin();
        try {
            handle.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
            handle.execute("SET LOCAL jit = off");
            Optional<Catalog> read = catalog(handle, configuration);
            if (read.isEmpty()) {
                return List.of(EncodingCheck.nameNotSent());
            }
            Catalog catalog = read.get();
            ExaminedDatabase database = new ExaminedDatabase(
                    handle,
                    configuration,
                    StartupRequirements.settings(configuration),
                    catalog,
                    ViewGraph.of(catalog, configuration.views()::includes),
                    handle.getConnection().getMetaData().getDatabaseMajorVersion(),
                    wall);
            List<Finding> findings = new ArrayList<>();
            for (Map.Entry<String, Check> check : CHECKS.entrySet()) {
                findings.addAll(run(check.getKey(), check.getValue(), database));
            }
            handle.rollback();
            findings.addAll(incremental(handle, configuration));
            findings.sort(Finding.ORDER);
            return findings;
        } finally {
            if (handle.isInTransaction()) {
                handle.rollback();
            }
        }
    }

    /** Only the server can say what a query reads, and only of a view: one is created, and taken back. */
    private static List<Finding> incremental(Handle handle, Configuration configuration) throws SQLException {
        handle.begin();
        handle.execute("SET LOCAL jit = off");
        return RoleViewCheck.incremental(handle, configuration);
    }

    /** Empty if the catalog holds a name that the server cannot send. */
    private static Optional<Catalog> catalog(Handle handle, Configuration configuration) throws SQLException {
        handle.savepoint(SAVEPOINT);
        try {
            return Optional.of(CatalogReader.read(handle.getConnection(), configuration.views()::includes));
        } catch (SQLException e) {
            if (!UnsentNames.causes(e)) {
                throw e;
            }
            handle.rollbackToSavepoint(SAVEPOINT);
            return Optional.empty();
        }
    }

    private static List<Finding> run(String name, Check check, ExaminedDatabase database) throws SQLException {
        database.handle().savepoint(SAVEPOINT);
        try {
            return check.run(database);
        } catch (SQLException e) {
            return List.of(failed(name, database, e));
        } catch (JdbiException e) {
            if (e.getCause() instanceof SQLException cause) {
                return List.of(failed(name, database, cause));
            }
            throw e;
        }
    }

    private static Finding failed(String name, ExaminedDatabase database, SQLException failure) throws SQLException {
        if (String.valueOf(failure.getSQLState()).startsWith(CONNECTION_EXCEPTION)) {
            throw failure;
        }
        database.handle().rollbackToSavepoint(SAVEPOINT);
        return new Finding(
                Severity.WARNING,
                "not-examined",
                name,
                "this check failed: " + failure.getMessage(),
                "What it would have found is not known.",
                Remedy.NONE);
    }
}
