package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.refreshd.daemon.RoleViewController;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.testing.Captured;
import io.refreshd.testing.Checked;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The table of a roles-query, when a DBA owns the publication and refreshd may add no table to it. */
class TableOfRolesIT {
    private TestDatabase database;
    private String role = "";
    private String yaml = "";

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        role = "poor_" + database.name();
        database.execute(
                "CREATE ROLE " + role + " LOGIN REPLICATION",
                "CREATE TABLE main (id int PRIMARY KEY, role text)",
                "CREATE TABLE roles (name text PRIMARY KEY)",
                "INSERT INTO roles VALUES ('a')",
                "GRANT CREATE ON SCHEMA public TO " + role,
                "GRANT SELECT ON main, roles TO " + role,
                "CREATE SCHEMA refreshd AUTHORIZATION " + role,
                "CREATE PUBLICATION refreshd FOR TABLE ONLY main",
                "ALTER PUBLICATION refreshd OWNER TO " + role);
        yaml = RunningDaemon.configuration(database.url(), database.slot(), """
                        role-views:
                          templates:
                            public.role_{role}:
                              query: SELECT id FROM main WHERE role = {role}
                              unique-key: [id]
                              roles-query: SELECT name FROM roles
                        """)
                .replace("user: postgres", "user: " + role);
    }

    @AfterEach
    void drop() throws Exception {
        database.execute("DROP OWNED BY " + role + " CASCADE", "DROP ROLE " + role);
        database.close();
    }

    @Test
    void thatItIsNotPublishedIsReportedWithTheRemedy() throws Exception {
        String statement = "ALTER PUBLICATION \"refreshd\" ADD TABLE ONLY \"public\".\"roles\"";
        try (Captured log = new Captured(RoleViewController.class);
                RunningDaemon daemon = RunningDaemon.start(yaml)) {
            List<String> lines = new ArrayList<>();
            await().until(() -> {
                lines.addAll(log.lines());
                return lines.stream().anyMatch(line -> line.startsWith("WARN Roles are looked at"));
            });
            assertThat(lines)
                    .filteredOn(line -> line.startsWith("WARN"))
                    .singleElement()
                    .asString()
                    .contains("may not publish table public.roles", statement);
            assertThat(findings("not-owner")).singleElement().satisfies(finding -> {
                assertThat(finding.path("about").asText()).isEqualTo("public.roles");
                assertThat(Checked.remedy(finding.path("remedy")).text()).endsWith(statement);
            });
            database.execute(statement);
            assertThat(findings("not-owner")).isEmpty();
            await().until(() -> database.query("SELECT table_name FROM refreshd.enrolled_table")
                    .contains("roles"));
            assertThat(daemon.view("public.role_a")).isPresent();
        }
    }

    @Test
    void theScriptOfRunPublishesItAndWhatTheViewsWillRead() throws Exception {
        database.execute("DROP PUBLICATION refreshd", "DROP SCHEMA refreshd");
        PrerequisitesMissingException refusal =
                catchThrowableOfType(PrerequisitesMissingException.class, () -> RunningDaemon.start(yaml));
        assertThat(refusal.obstacles())
                .singleElement()
                .satisfies(obstacle -> assertThat(obstacle.remedy().toString())
                        .contains("FOR TABLE ONLY \"public\".\"main\", ONLY \"public\".\"roles\" WITH"));
    }

    /** Publishing the table would make every UPDATE and DELETE on it fail, so the table is left out. */
    @Test
    void withoutAReplicaIdentityItIsLeftOutAndThatIsReported() throws Exception {
        database.execute("ALTER TABLE roles DROP CONSTRAINT roles_pkey", "ALTER TABLE roles OWNER TO " + role);
        assertThat(findings("replica-identity")).singleElement().satisfies(finding -> {
            assertThat(finding.path("about").asText()).isEqualTo("public.roles");
            assertThat(finding.path("why").asText()).contains("a role was added");
        });
        try (Captured log = new Captured(RoleViewController.class);
                RunningDaemon daemon = RunningDaemon.startLooking(yaml, Duration.ofMillis(500))) {
            await().until(() -> log.lines().stream()
                    .anyMatch(
                            line -> line.startsWith("WARN Roles are looked at") && line.contains("REPLICA IDENTITY")));
            assertThat(published()).containsExactly("main");
            database.execute("UPDATE roles SET name = 'b'");
            await().until(() -> daemon.view("public.role_b").isPresent());
        }
    }

    @Test
    void whatMayNotBeReadForAWhileStaysPublished() throws Exception {
        database.execute("ALTER PUBLICATION refreshd ADD TABLE ONLY roles", "REVOKE SELECT ON roles FROM " + role);
        try (RunningDaemon daemon = RunningDaemon.start(yaml)) {
            assertThat(published()).as("also before a view reads main").containsExactly("main", "roles");
            database.execute("GRANT SELECT ON roles TO " + role);
            await().until(() -> daemon.view("public.role_a").isPresent());
            assertThat(published()).containsExactly("main", "roles");
        }
    }

    private List<String> published() throws Exception {
        return database.query("SELECT tablename FROM pg_publication_tables WHERE pubname = 'refreshd' ORDER BY 1");
    }

    private List<JsonNode> findings(String code) throws Exception {
        return Checked.of(yaml).findings().stream()
                .filter(finding -> finding.path("code").asText().equals(code))
                .toList();
    }
}
