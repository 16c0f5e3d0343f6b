package io.refreshd.doctor;

import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.database.JdbiFactory;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.RunningDaemon;
import java.sql.DriverManager;
import java.time.Instant;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/** Opens a database, and examines it with the default configuration of the tests. */
final class Examined {
    private Examined() {}

    static Handle open(String url) throws Exception {
        Handle handle = JdbiFactory.on(DriverManager.getConnection(url, LocalPostgres.USER, ""));
        handle.begin();
        return handle;
    }

    static ExaminedDatabase by(Handle handle) throws Exception {
        Configuration configuration = ConfigurationReader.read(
                RunningDaemon.configuration(handle.getConnection().getMetaData().getURL(), "slot_of_check", ""),
                "test.yaml",
                Map.of());
        Catalog catalog = CatalogReader.read(handle.getConnection());
        return new ExaminedDatabase(
                handle,
                configuration,
                StartupRequirements.settings(configuration),
                catalog,
                ViewGraph.of(catalog, configuration.views()::includes),
                handle.getConnection().getMetaData().getDatabaseMajorVersion(),
                Instant::now);
    }
}
