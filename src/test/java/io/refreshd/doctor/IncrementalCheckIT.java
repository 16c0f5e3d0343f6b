package io.refreshd.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.incremental.Conversion;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.model.ViewId;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Test;

class IncrementalCheckIT {
    @Test
    void warnsOfTablesWhoseChangesWouldSuspendAView() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            database.execute(
                    "CREATE TABLE main (id int PRIMARY KEY, d float8)",
                    "CREATE TABLE details (id float8 PRIMARY KEY, v text)",
                    "CREATE MATERIALIZED VIEW v AS SELECT m.id, d.v FROM main m LEFT JOIN details d ON d.id = m.d");
            try (Handle handle = database.open()) {
                LedgerSchema.migrate(handle);
                Conversion.forward(handle, new ViewId("public", "v"));
            }
            assertThat(findings(database, "")).isEmpty();
            assertThat(findings(database, "views: { overrides: { public.v: { full-recompute: never } } }"))
                    .singleElement()
                    .satisfies(finding -> {
                        assertThat(finding.severity()).isEqualTo(Severity.WARNING);
                        assertThat(finding.what())
                                .isEqualTo(
                                        "full-recompute: never suspends the view when a row of public.details changes");
                    });
        }
    }

    private static List<Finding> findings(TestDatabase database, String more) throws Exception {
        try (Handle handle = Examined.open(database.url())) {
            Configuration configuration = ConfigurationReader.read(
                    RunningDaemon.configuration(database.url(), database.slot(), more), "test.yaml", Map.of());
            Catalog catalog = CatalogReader.read(handle.getConnection());
            ExaminedDatabase examined = new ExaminedDatabase(
                    handle,
                    configuration,
                    StartupRequirements.settings(configuration),
                    catalog,
                    ViewGraph.of(catalog, configuration.views()::includes),
                    handle.getConnection().getMetaData().getDatabaseMajorVersion(),
                    Instant::now);
            List<Finding> findings = new IncrementalCheck().run(examined);
            handle.rollback();
            return findings;
        }
    }
}
