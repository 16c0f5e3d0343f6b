package io.refreshd.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.config.ConfigurationReader;
import io.refreshd.database.JdbiFactory;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.sql.DriverManager;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EncodingCheckIT {
    @ParameterizedTest
    @CsvSource({"SQL_ASCII, WARNING", "WIN1252, INFO", "EUC_JP, INFO", "LATIN1,", "UTF8,"})
    void anEncodingWithBytesThatUtf8Lacks(String encoding, Severity severity) throws Exception {
        try (TestDatabase admin = TestDatabase.create()) {
            String name = admin.name() + "_encoded";
            createDatabase(admin, name, encoding);
            try (Handle handle = Examined.open(TestDatabase.server().url(name))) {
                List<Finding> findings = new EncodingCheck().run(Examined.by(handle));
                assertThat(findings.stream().map(Finding::severity).findFirst())
                        .isEqualTo(Optional.ofNullable(severity));
                assertThat(findings).allSatisfy(finding -> {
                    assertThat(finding.code()).isEqualTo("encoding");
                    assertThat(finding.what()).contains(encoding);
                });
                assertThat(handle.createQuery("SELECT 1").mapTo(Integer.class).one())
                        .as("the transaction goes on")
                        .isEqualTo(1);
                handle.rollback();
            } finally {
                admin.execute("DROP DATABASE " + name + " WITH (FORCE)");
            }
        }
    }

    /** They are left out by name. */
    @Test
    void viewsOfNamesThatAreNotUtf8() throws Exception {
        try (TestDatabase admin = TestDatabase.create()) {
            String name = admin.name() + "_ascii";
            createDatabase(admin, name, "SQL_ASCII");
            String url = TestDatabase.server().url(name);
            try (Handle handle = JdbiFactory.on(DriverManager.getConnection(url, LocalPostgres.USER, ""))) {
                handle.execute("""
                        DO $$ BEGIN
                          EXECUTE format('CREATE MATERIALIZED VIEW v AS SELECT 1 AS %I', convert_from('\\xe974e9', 'SQL_ASCII'));
                          EXECUTE format('CREATE MATERIALIZED VIEW %I AS SELECT 1 AS one', convert_from('\\xe4', 'SQL_ASCII'));
                          EXECUTE format('CREATE MATERIALIZED VIEW %I AS SELECT 1 AS one', convert_from('\\xc3a4', 'SQL_ASCII'));
                        END $$
                        """);
                assertThat(findings(handle, url))
                        .filteredOn(
                                finding -> finding.code().equals("encoding") && finding.severity() == Severity.ERROR)
                        .singleElement()
                        .satisfies(finding -> assertThat(finding.what()).endsWith(": public.v, public.\\344"));
            } finally {
                admin.execute("DROP DATABASE " + name + " WITH (FORCE)");
            }
        }
    }

    /** Names and texts of things that no view depends on cost no view, and the rest is examined. */
    @Test
    void namesThatNoViewDependsOn() throws Exception {
        try (TestDatabase admin = TestDatabase.create()) {
            String name = admin.name() + "_odd";
            createDatabase(admin, name, "SQL_ASCII");
            String url = TestDatabase.server().url(name);
            try (Handle handle = JdbiFactory.on(DriverManager.getConnection(url, LocalPostgres.USER, ""))) {
                handle.execute("CREATE TABLE main (id int PRIMARY KEY, v text)");
                handle.execute("CREATE MATERIALIZED VIEW of_main AS SELECT id, v FROM main");
                handle.execute("CREATE UNIQUE INDEX ON of_main (id)");
                handle.execute("CREATE TABLE apart (id int PRIMARY KEY, v text)");
                for (String sql : List.of(
                        "CREATE ROLE %I",
                        "CREATE TYPE t AS ENUM (%L)",
                        "CREATE SCHEMA %I CREATE TABLE t (id int PRIMARY KEY)",
                        "CREATE PUBLICATION %I FOR TABLE apart",
                        "CREATE INDEX %I ON apart (v)",
                        "ALTER TABLE apart ADD CONSTRAINT %I CHECK (id > 0)",
                        "CREATE FUNCTION %I(int) RETURNS int LANGUAGE sql RETURN 1",
                        "COMMENT ON TABLE apart IS %L",
                        "CREATE POLICY %I ON apart USING (true)",
                        "CREATE STATISTICS %I ON id, v FROM apart",
                        "CREATE TABLE other (id int PRIMARY KEY, v text DEFAULT %L)",
                        "CREATE TEXT SEARCH CONFIGURATION %I (COPY = simple)",
                        "ALTER ROLE CURRENT_USER IN DATABASE " + name + " SET application_name = %L",
                        "SELECT pg_logical_emit_message(true, %L, 1::text)")) {
                    run(handle, sql);
                }
                try {
                    assertThat(findings(handle, url))
                            .filteredOn(finding -> finding.severity() == Severity.ERROR
                                    || finding.code().equals("not-examined"))
                            .isEmpty();
                } finally {
                    run(handle, "DROP ROLE %I");
                }
            } finally {
                admin.execute("DROP DATABASE " + name + " WITH (FORCE)");
            }
        }
    }

    private static void createDatabase(TestDatabase admin, String name, String encoding) throws Exception {
        admin.execute("CREATE DATABASE " + name + " ENCODING '" + encoding
                + "' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc");
    }

    private static List<Finding> findings(Handle handle, String url) throws Exception {
        return DatabaseChecks.run(
                handle,
                ConfigurationReader.read(RunningDaemon.configuration(url, "slot_of_check", ""), "test.yaml", Map.of()),
                Instant::now);
    }

    /** @param sql with %I or %L for what is not UTF-8 */
    private static void run(Handle handle, String sql) {
        handle.execute("DO $$ BEGIN EXECUTE format('" + sql + "', convert_from('\\xe974e9', 'SQL_ASCII')); END $$");
    }
}
