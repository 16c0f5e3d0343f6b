package io.refreshd.doctor;

import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;

/** All examinations, in one read-only snapshot. One that fails becomes a finding, and the others go on. */
public final class Checkup {
    private static final Map<String, Examination> EXAMINATIONS = new LinkedHashMap<>();

    static {
        EXAMINATIONS.put("server", new ServerExamination());
        EXAMINATIONS.put("ledger", new LedgerExamination());
        EXAMINATIONS.put("tables", new TableExamination());
        EXAMINATIONS.put("views", new ViewExamination());
        EXAMINATIONS.put("rights", new PrivilegeExamination());
        EXAMINATIONS.put("role views", new RoleExamination());
        EXAMINATIONS.put("look-ups", new LookUpExamination());
        EXAMINATIONS.put("definitions", new DefinitionExamination());
        EXAMINATIONS.put("storage", new StorageExamination());
    }

    private Checkup() {}

    /**
     * Examines the database behind a handle on which no transaction is open; leaves it as it was.
     *
     * @param wall this machine's clock
     * @return what was found, the worst first
     */
    public static List<Finding> examine(Handle handle, Configuration configuration, Supplier<Instant> wall)
            throws SQLException {
        handle.begin();
        try {
            handle.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
            handle.execute("SET LOCAL jit = off");
            Catalog catalog = CatalogReader.read(handle.getConnection());
            ExaminedDatabase database = new ExaminedDatabase(
                    handle,
                    configuration,
                    FirstStart.settings(configuration),
                    catalog,
                    ViewGraph.of(catalog, configuration.views()::includes),
                    handle.getConnection().getMetaData().getDatabaseMajorVersion(),
                    wall);
            List<Finding> findings = new ArrayList<>();
            for (Map.Entry<String, Examination> examination : EXAMINATIONS.entrySet()) {
                findings.addAll(examine(examination.getKey(), examination.getValue(), database));
            }
            findings.sort(Finding.ORDER);
            return findings;
        } finally {
            handle.rollback();
        }
    }

    private static List<Finding> examine(String name, Examination examination, ExaminedDatabase database)
            throws SQLException {
        database.handle().savepoint("examination");
        try {
            return examination.of(database);
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
        if (String.valueOf(failure.getSQLState()).startsWith("08")) {
            throw failure;
        }
        database.handle().rollbackToSavepoint("examination");
        return new Finding(
                Severity.WARNING,
                "not-examined",
                name,
                "could not be examined: " + failure.getMessage(),
                "What is wrong there is not known.",
                "");
    }
}
