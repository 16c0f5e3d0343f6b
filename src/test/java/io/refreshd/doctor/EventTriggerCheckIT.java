package io.refreshd.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.report.ViewPhase;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Event triggers of a superuser run in the sessions of refreshd. One database and one daemon. */
@NullUnmarked // Set before the first test.
class EventTriggerCheckIT {
    private static TestDatabase database;
    private static RunningDaemon daemon;

    @BeforeAll
    static void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, role text)",
                "CREATE TABLE roles (name text PRIMARY KEY)",
                "INSERT INTO roles VALUES ('a'), ('b')",
                "CREATE MATERIALIZED VIEW of_main AS SELECT id FROM main",
                "CREATE UNIQUE INDEX ON of_main (id)",
                "CREATE TABLE recorded (query text, tag text)",
                "CREATE FUNCTION record() RETURNS event_trigger LANGUAGE plpgsql AS"
                        + " 'BEGIN INSERT INTO public.recorded VALUES (current_query(), tg_tag); END'",
                "CREATE EVENT TRIGGER recording ON ddl_command_start EXECUTE FUNCTION record()",
                "CREATE TABLE refused (tag text)",
                "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
                        + " IF EXISTS (SELECT FROM public.refused WHERE tag OPERATOR(pg_catalog.=) tg_tag) THEN"
                        + " RAISE 'no % now', tg_tag; END IF; END $$",
                "CREATE EVENT TRIGGER refusing ON ddl_command_start EXECUTE FUNCTION refuse()");
        daemon = RunningDaemon.start(database, """
                role-views:
                  templates:
                    public.of_{role}:
                      query: SELECT id FROM main WHERE role = {role}
                      unique-key: [id]
                      roles-query: SELECT name FROM roles
                    public.incremental_{role}:
                      kind: incremental
                      query: SELECT id, role FROM main WHERE role = {role}
                      roles-query: SELECT name FROM roles
                """);
        daemon.awaitPhase("public.of_b", ViewPhase.FRESH);
        daemon.awaitPhase("public.incremental_b", ViewPhase.FRESH);
    }

    @AfterAll
    static void drop() throws Exception {
        daemon.close();
        database.close();
    }

    /** A command that is missing in the lists is one of which the finding does not warn. */
    @Test
    void everyCommandIsKnown() throws Exception {
        database.execute("INSERT INTO main VALUES (1, 'a')");
        FreshnessWait.await("of_main", database::query);
        Set<String> known = new HashSet<>(EventTriggerCheck.OF_REFRESHES);
        assertThat(database.query("SELECT DISTINCT tag FROM recorded WHERE query LIKE '%REFRESH MATERIALIZED VIEW%'"))
                .contains("REFRESH MATERIALIZED VIEW", "DROP TABLE")
                .isSubsetOf(known);
        known.addAll(EventTriggerCheck.OTHERS);
        assertThat(database.query("SELECT DISTINCT tag FROM recorded"))
                .contains("ALTER PUBLICATION", "CREATE VIEW", "CREATE MATERIALIZED VIEW")
                .isSubsetOf(known);
    }

    @Test
    void aFindingNamesTriggerFunctionAndOwner() throws Exception {
        database.execute(
                "CREATE ROLE trigger_owner_" + database.name(),
                "CREATE FUNCTION owned() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
                "ALTER FUNCTION owned() OWNER TO trigger_owner_" + database.name(),
                "CREATE EVENT TRIGGER owned ON ddl_command_end WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION owned()",
                "CREATE EVENT TRIGGER other ON ddl_command_end WHEN TAG IN ('CREATE DOMAIN') EXECUTE FUNCTION owned()",
                "CREATE EVENT TRIGGER rewriting ON table_rewrite EXECUTE FUNCTION owned()",
                "CREATE EVENT TRIGGER dropping ON sql_drop WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION record()",
                "CREATE EVENT TRIGGER logging_in ON login EXECUTE FUNCTION owned()",
                "CREATE EVENT TRIGGER switched_off ON ddl_command_end EXECUTE FUNCTION owned()",
                "ALTER EVENT TRIGGER switched_off DISABLE");
        try (Handle handle = Examined.open(database.url())) {
            List<Finding> findings = new EventTriggerCheck().run(Examined.by(handle));
            handle.rollback();
            assertThat(findings.stream().collect(Collectors.toMap(Finding::about, Finding::severity)))
                    .containsOnlyKeys("recording", "refusing", "owned", "dropping", "logging_in")
                    .containsEntry("recording", Severity.INFO)
                    .containsEntry("owned", Severity.WARNING)
                    .containsEntry("dropping", Severity.INFO)
                    .containsEntry("logging_in", Severity.WARNING);
            assertThat(findings)
                    .extracting(Finding::what)
                    .contains(
                            "event trigger \"owned\" runs owned(), which belongs to trigger_owner_" + database.name()
                                    + ", at ddl_command_end of the commands for publication, ledger, role views and"
                                    + " incremental views",
                            "event trigger \"dropping\" runs record(), which belongs to postgres, at sql_drop of each refresh"
                                    + " (DROP TABLE)");
        } finally {
            database.execute(
                    "DROP EVENT TRIGGER owned",
                    "DROP EVENT TRIGGER other",
                    "DROP EVENT TRIGGER rewriting",
                    "DROP EVENT TRIGGER dropping",
                    "DROP EVENT TRIGGER logging_in",
                    "DROP EVENT TRIGGER switched_off",
                    "DROP FUNCTION owned()",
                    "DROP ROLE trigger_owner_" + database.name());
        }
    }

    @Test
    void aRefusedRefreshIsTriedAgain() throws Exception {
        database.execute(
                "INSERT INTO refused VALUES ('REFRESH MATERIALIZED VIEW')", "INSERT INTO main VALUES (2, 'b')");
        daemon.awaitPhase("public.of_main", ViewPhase.BACKING_OFF);
        assertThat(daemon.view("public.of_main").orElseThrow().reason().toString())
                .contains("P0001");
        database.execute("DELETE FROM refused");
        FreshnessWait.await("of_main", database::query);
        assertThat(database.query("SELECT id FROM of_main WHERE id = 2")).hasSize(1);
    }

    /** Only the new view lacks its table. */
    @Test
    void aRefusedPublicationCostsTheNewTable() throws Exception {
        database.execute(
                "INSERT INTO refused VALUES ('ALTER PUBLICATION')",
                "CREATE TABLE late (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW of_late AS SELECT id FROM late",
                "CREATE UNIQUE INDEX ON of_late (id)");
        await().until(() -> daemon.view("public.of_late")
                .map(view -> view.reason().toString())
                .filter(reason -> reason.contains("could not be published"))
                .isPresent());
        database.execute("INSERT INTO main VALUES (3, 'b')");
        FreshnessWait.await("of_main", database::query);
        database.execute("DELETE FROM refused");
        daemon.awaitPhase("public.of_late", ViewPhase.FRESH);
        database.execute("INSERT INTO late VALUES (1)");
        FreshnessWait.await("of_late", database::query);
        assertThat(database.query("SELECT id FROM of_late")).containsExactly("1");
    }
}
