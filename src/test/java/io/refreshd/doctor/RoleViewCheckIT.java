package io.refreshd.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.client.RoleViewName;
import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.model.Obstacle;
import io.refreshd.roles.RoleReconciler;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code check} reports beforehand what would keep {@code run} from creating a role view, in the same words. */
class RoleViewCheckIT {
    private static final String TEMPLATE = """
            query: SELECT id, v FROM main WHERE role = {role}
            unique-key: [id]
            roles-query: SELECT name FROM roles
            """;

    private TestDatabase database;
    private String role = "";
    private String owner = "";
    private Handle handle;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        role = "daemon_" + database.name();
        owner = "owner_" + database.name();
        database.execute(
                "CREATE ROLE " + role + " LOGIN REPLICATION",
                "CREATE ROLE " + owner,
                "CREATE SCHEMA refreshd AUTHORIZATION " + role,
                "CREATE TABLE main (id int PRIMARY KEY, role text NOT NULL, v text)",
                "CREATE TABLE roles (name text)",
                "INSERT INTO roles VALUES ('a'), (NULL), ('a')",
                "GRANT SELECT ON main, roles TO " + role);
        handle = database.open(role);
        LedgerSchema.migrate(handle);
    }

    @AfterEach
    void drop() throws Exception {
        handle.close();
        for (String each : List.of(role, owner, reader("a"), reader("b"))) {
            if (!database.query("SELECT 1 FROM pg_roles WHERE rolname = '" + each + "'")
                    .isEmpty()) {
                database.execute("DROP OWNED BY " + each + " CASCADE", "DROP ROLE " + each);
            }
        }
        database.close();
    }

    /** Obstacles are removed one after the other, each by the remedy that is printed. */
    @Test
    void theRemediesMakeAllViewsPossible() throws Exception {
        String template =
                TEMPLATE + "owner: " + owner + "\ngrant-to: 'reader_" + database.name() + "_{role}'\nname: made\n";
        applyRemedies(template, "there is no schema made");
        applyRemedies(
                template,
                "may not create views in schema made",
                "may not give a view to its owner",
                "may not own a view");
        assertThat(errors(template)).extracting(Finding::what).anyMatch(what -> what.contains("permission denied"));
        database.execute("GRANT SELECT ON main TO " + owner);
        database.execute("INSERT INTO roles VALUES ('b')");
        assertThat(errors(template))
                .singleElement()
                .satisfies(finding ->
                        assertThat(finding.what()).contains("has no role '" + reader("a"), "and 1 more like it"));
        database.execute(errors(template).getFirst().remedy().sql().toArray(String[]::new));
        assertThat(errors(template)).isEmpty();
        assertThat(run(template)).isEmpty();
        assertThat(database.query("SELECT matviewname FROM pg_matviews WHERE schemaname = 'made'"))
                .containsExactlyInAnyOrder("role_a", "role_b");
    }

    @Test
    void reportsAWrongTemplateBeforeItsQueryHasRun() throws Exception {
        database.execute("GRANT CREATE ON SCHEMA public TO " + role);
        assertThat(errors(TEMPLATE)).as("NULL is no role, and twice is once").isEmpty();
        assertReported(TEMPLATE.replace("[id]", "[id, number]"), "its query has no column number; it has id, v");
        assertReported(TEMPLATE.replace("FROM main", "FROM nowhere"), "relation \"nowhere\" does not exist");
        assertReported(
                TEMPLATE.replace("FROM roles", "FROM nowhere"), "the roles of public.role_{role} cannot be read");
        assertReported(
                TEMPLATE.replace("roles-query: SELECT name FROM roles", "roles: [\"\\0\"]"), "cannot have a view");
        String incremental = TEMPLATE + "kind: incremental\n";
        assertReported(
                incremental.replace(
                        "id, v FROM main WHERE role = {role}", "max(id) AS id FROM main WHERE role = {role}"),
                "no view of public.role_{role} can be incremental: ");
        assertThat(errors(incremental)).singleElement().satisfies(finding -> {
            assertThat(finding.what()).contains("may not create the schema refreshd_store");
            database.execute(finding.remedy().sql().toArray(String[]::new));
        });
        assertThat(errors(incremental)).isEmpty();
        database.execute("CREATE TABLE role_a (id int)");
        assertReported(TEMPLATE, "the name public.role_a is taken by something that is no view");
        database.execute(
                "TRUNCATE roles",
                "INSERT INTO roles VALUES (repeat('x', 200)), ('"
                        + RoleViewName.of("role_{role}")
                                .nameFor("x".repeat(200))
                                .substring("role_".length()) + "')");
        assertReported(TEMPLATE, "several roles lead to the view");
    }

    @Test
    void aChangedTemplateIsAWarning() throws Exception {
        database.execute("GRANT CREATE ON SCHEMA public TO " + role);
        assertThat(run(TEMPLATE)).isEmpty();
        assertThat(check(TEMPLATE)).noneMatch(finding -> finding.code().startsWith("role-view"));
        assertThat(check(TEMPLATE + "indexes: [v]\n"))
                .filteredOn(finding -> finding.code().startsWith("role-view"))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.severity()).isEqualTo(Severity.WARNING);
                    assertThat(finding.remedy().text()).contains("refreshd apply");
                });
    }

    @Test
    void aLedgerThatMayNotBeReadIsTheOnlyError() throws Exception {
        database.execute("ALTER SCHEMA refreshd OWNER TO postgres");
        assertThat(check(TEMPLATE))
                .extracting(Finding::code)
                .contains("ledger-foreign")
                .doesNotContain("role-view");
    }

    private String reader(String of) {
        return "reader_" + database.name() + "_" + of;
    }

    private void applyRemedies(String template, String... expected) throws Exception {
        List<Finding> errors = errors(template);
        for (String what : expected) {
            assertThat(errors).anyMatch(finding -> finding.what().contains(what));
        }
        assertThat(run(template))
                .isNotEmpty()
                .isSubsetOf(errors.stream().map(Finding::what).toList());
        for (Finding error : errors) {
            if (!error.remedy().toString().startsWith("CREATE ROLE")) {
                database.execute(error.remedy().sql().toArray(String[]::new));
            }
        }
    }

    /** The check says what the daemon says, and adds the words of the server. */
    private void assertReported(String template, String what) throws Exception {
        List<String> refused = run(template);
        assertThat(refused).hasSize(1);
        assertThat(errors(template))
                .extracting(Finding::what)
                .singleElement()
                .asString()
                .startsWith(refused.getFirst())
                .contains(what);
    }

    private List<String> run(String template) throws Exception {
        RoleReconciler roles = new RoleReconciler(configuration(template));
        var plan = roles.plan(handle);
        List<Obstacle> obstacles = new java.util.ArrayList<>(plan.obstacles());
        obstacles.addAll(roles.apply(handle, plan, step -> true, transaction -> {}, done -> {}));
        return obstacles.stream().map(Obstacle::what).toList();
    }

    private List<Finding> errors(String template) throws Exception {
        return check(template).stream()
                .filter(finding -> finding.code().equals("role-view"))
                .toList();
    }

    private List<Finding> check(String template) throws Exception {
        List<Finding> findings = DatabaseChecks.run(handle, configuration(template), Instant::now);
        assertThat(findings).noneMatch(finding -> finding.code().equals("not-examined"));
        return findings;
    }

    private Configuration configuration(String template) throws Exception {
        String schema = template.contains("name: made") ? "made" : "public";
        return ConfigurationReader.read(
                RunningDaemon.configuration(
                                database.url(),
                                database.slot(),
                                "views: { include: ['*.*'] }\nrole-views:\n  templates:\n    " + schema
                                        + ".role_{role}:\n"
                                        + template.replace("name: made\n", "").indent(6))
                        .replace("user: postgres", "user: " + role),
                "test.yaml",
                Map.of());
    }
}
