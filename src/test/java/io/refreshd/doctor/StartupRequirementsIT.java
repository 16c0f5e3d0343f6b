package io.refreshd.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.testing.Checked;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every obstacle on which {@code run} refuses to start is an error of {@code check}, in the same words. */
class StartupRequirementsIT {
    private TestDatabase database;
    private String role = "";

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        role = "refused_" + database.name();
        database.execute(
                "CREATE ROLE " + role + " LOGIN REPLICATION",
                "CREATE TABLE main (id int PRIMARY KEY)",
                "ALTER TABLE main OWNER TO " + role,
                "CREATE MATERIALIZED VIEW good AS SELECT id FROM main",
                "CREATE UNIQUE INDEX ON good (id)",
                "ALTER MATERIALIZED VIEW good OWNER TO " + role);
    }

    @AfterEach
    void drop() throws Exception {
        database.execute("DROP OWNED BY " + role + " CASCADE", "DROP ROLE " + role);
        database.close();
    }

    @Test
    void aLedgerWithoutAPublicationWhereNothingMayBeMade() throws Exception {
        database.execute("GRANT CREATE ON DATABASE " + database.name() + " TO " + role);
        ledger(role);
        database.execute("REVOKE CREATE ON DATABASE " + database.name() + " FROM " + role, "DROP PUBLICATION refreshd");
        assertThat(refused()).singleElement().asString().contains("may not create the publication refreshd");
    }

    @Test
    void aLedgerOfAnotherRole() throws Exception {
        ledger("postgres");
        database.execute("GRANT CREATE ON DATABASE " + database.name() + " TO " + role);
        assertThat(refused()).singleElement().asString().contains("belongs to postgres");
    }

    /** Whoever may create a schema can make one of that name, with triggers in it. */
    @Test
    void aSuperuserDoesNotUseALedgerThatSomebodyElseMade() throws Exception {
        database.execute("CREATE SCHEMA refreshd AUTHORIZATION " + role);
        String yaml = RunningDaemon.configuration(database.url(), database.slot(), "");
        PrerequisitesMissingException refusal =
                catchThrowableOfType(PrerequisitesMissingException.class, () -> RunningDaemon.start(yaml));
        assertThat(refusal.obstacles())
                .singleElement()
                .satisfies(obstacle -> assertThat(obstacle.what()).contains("belongs to " + role, "as a superuser"));
        assertThat(Checked.of(yaml).what("error")).singleElement().asString().contains("belongs to " + role);
        assertThat(database.query("SELECT to_regclass('refreshd.lease') IS NULL"))
                .containsExactly("t");
    }

    @Test
    void aDatabaseInWhichNothingMayBeMade() throws Exception {
        assertThat(refused())
                .singleElement()
                .asString()
                .contains("may not create the ledger (schema refreshd) and the publication refreshd");
    }

    private String yaml(String user) throws Exception {
        return RunningDaemon.configuration(database.url(), database.slot(), "")
                .replace("user: postgres", "user: " + user);
    }

    private void ledger(String owner) throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(yaml(owner))) {
            daemon.awaitFresh();
        }
    }

    private List<String> refused() throws Exception {
        String yaml = yaml(role);
        PrerequisitesMissingException refusal =
                catchThrowableOfType(PrerequisitesMissingException.class, () -> RunningDaemon.start(yaml));
        List<String> what = refusal.obstacles().stream().map(Obstacle::what).toList();
        Checked checked = Checked.of(yaml);
        assertThat(checked.what("error")).containsExactlyInAnyOrderElementsOf(what);
        assertThat(checked.remedies("error"))
                .containsExactlyInAnyOrderElementsOf(
                        refusal.obstacles().stream().map(Obstacle::remedy).toList());
        assertThat(checked.findings())
                .extracting(finding -> finding.path("code").asText())
                .doesNotContain("not-examined");
        return what;
    }
}
