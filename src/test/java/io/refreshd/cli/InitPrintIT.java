package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.Slots;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that {@code init --print} prints for a DBA, for a role without privileges. */
class InitPrintIT {
    @TempDir
    private Path folder;

    @Test
    void theScriptGivesTheRoleEverythingThatItNeeds() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            String role = "poor_" + database.name();
            database.execute(
                    "CREATE ROLE " + role + " LOGIN REPLICATION",
                    "CREATE TABLE main (id int PRIMARY KEY)",
                    "CREATE SCHEMA hidden",
                    "CREATE MATERIALIZED VIEW hidden.one AS SELECT id FROM main",
                    "CREATE UNIQUE INDEX ON hidden.one (id)");
            String yaml = RunningDaemon.configuration(database.url(), database.slot(), "views: { include: ['*.*'] }")
                    .replace("user: postgres", "user: " + role);
            try {
                // The slot comes after the transaction, since the server creates none in a transaction that has
                // written.
                String[] parts = print(yaml).split("COMMIT;", 2);
                database.execute(parts[0] + "COMMIT", parts[1]);
                assertThat(database.query("SELECT pg_get_userbyid(pubowner) FROM pg_publication"))
                        .containsExactly(role);
                assertThat(database.query("SELECT failover FROM pg_replication_slots WHERE slot_name = '"
                                + database.slot() + "'"))
                        .containsExactly("t");
                assertThat(database.query("SELECT has_database_privilege('" + role + "', '" + database.name()
                                + "', 'CREATE') OR has_table_privilege('" + role + "', 'main', 'SELECT')"))
                        .as("granted for the script alone")
                        .containsExactly("f");
                assertThat(print(yaml)).as("nothing is missing").doesNotContain(";");
                try (RunningDaemon daemon = RunningDaemon.start(yaml)) {
                    daemon.awaitFresh();
                    assertThat(daemon.refreshes("hidden.one")).isPositive();
                }
            } finally {
                Slots.drop(database.url(), database.slot());
                database.execute("DROP OWNED BY " + role, "DROP ROLE " + role);
            }
        }
    }

    @Test
    void theScriptPublishesTheTablesOfRolesAndOfTheirFutureViews() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            database.execute(
                    "CREATE TABLE roles (name text)",
                    "ALTER TABLE roles REPLICA IDENTITY FULL",
                    "CREATE TABLE keyless (name text)",
                    "CREATE TABLE main (id int, role text, PRIMARY KEY (id, role)) PARTITION BY LIST (role)",
                    "CREATE TABLE main_a PARTITION OF main FOR VALUES IN ('a')");
            String template = """
                    role-views:
                      templates:
                        public.role_{role}:
                          query: SELECT id FROM main WHERE role = {role}
                          unique-key: [id]
                          roles-query: SELECT name FROM roles UNION ALL SELECT name FROM keyless
                    """;
            assertThat(print(RunningDaemon.configuration(database.url(), database.slot(), template)))
                    .contains("FOR TABLE ONLY \"public\".\"main_a\", ONLY \"public\".\"roles\" WITH")
                    .as("an UPDATE of it would fail")
                    .doesNotContain("keyless", "CREATE SCHEMA refreshd_store");
            assertThat(print(RunningDaemon.configuration(
                            database.url(), database.slot(), template + "      kind: incremental\n")))
                    .contains("CREATE SCHEMA refreshd_store AUTHORIZATION \"postgres\";");
        }
    }

    private String print(String yaml) throws Exception {
        Path file = Files.writeString(folder.resolve("refreshd.yaml"), yaml);
        StringWriter out = new StringWriter();
        int code = Refreshd.commandLine(Map.of(), DatabaseChecker.connecting())
                .setOut(new PrintWriter(out, true))
                .execute("init", "--config", file.toString(), "--print");
        assertThat(code).isZero();
        return out.toString();
    }
}
