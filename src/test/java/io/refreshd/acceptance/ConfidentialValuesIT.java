package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.refreshd.model.Obstacle;
import io.refreshd.report.ViewStatus;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.EncodedLog;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.sql.SQLException;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the server says of a failed refresh may quote rows: it is shown to who may read the view, and to nobody else. */
class ConfidentialValuesIT {
    private static final String VALUE = "4711 Talers";

    private TestDatabase database;
    private String reader = "";
    private String stranger = "";

    @BeforeEach
    void people() throws Exception {
        database = TestDatabase.create();
        reader = "reader_" + database.name();
        stranger = "stranger_" + database.name();
        database.execute(
                "CREATE ROLE " + reader + " LOGIN",
                "CREATE ROLE " + stranger + " LOGIN",
                "CREATE TABLE pay (id int PRIMARY KEY, salary text)",
                "INSERT INTO pay VALUES (1, '10')");
    }

    @AfterEach
    void drop() throws Exception {
        database.execute("DROP OWNED BY " + reader + ", " + stranger, "DROP ROLE " + reader, "DROP ROLE " + stranger);
        database.close();
    }

    private void view(String query) throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW v AS " + query,
                "CREATE UNIQUE INDEX ON v (id)",
                "GRANT SELECT ON v TO " + reader);
    }

    @ParameterizedTest
    @CsvSource({
        "SALARY_CAST_TO_INT,         22P02, invalid_text_representation",
        "DUPLICATE_ROW,              21000, cardinality_violation",
        "SALARY_IN_AN_ADDRESS,       22P02, invalid_text_representation",
        "NUMBER_OUT_OF_RANGE,        22003, numeric_value_out_of_range",
    })
    void theServersWordsAreForWhoMayReadTheView(Poison poison, String state, String condition) throws Exception {
        view(poison.query);
        try (EncodedLog log = new EncodedLog();
                RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute(poison.write);
            awaitFailure(daemon);

            assertThat(as(stranger, "SELECT server_message FROM refreshd.freshness"))
                    .containsExactly((String) null);
            assertThat(as(reader, "SELECT server_message FROM refreshd.freshness"))
                    .singleElement()
                    .asString()
                    .contains(poison.shown);
            assertThat(as(stranger, "SELECT f::text FROM refreshd.freshness f").getFirst())
                    .doesNotContain(poison.shown);
            assertThat(database.query("SELECT DISTINCT detail FROM refreshd.refresh_history WHERE outcome = 'failed'"))
                    .containsExactly("the refresh of public.v failed: SQLSTATE " + state + " (" + condition + ")");
            assertThat(database.query("SELECT s::text FROM refreshd.view_state s")
                            .getFirst())
                    .doesNotContain(poison.shown);
            assertThat(daemon.view("public.v").flatMap(ViewStatus::reason).map(Obstacle::what))
                    .hasValueSatisfying(what -> assertThat(what).contains(state, condition));
            assertThat(http(daemon)).doesNotContain(poison.shown);
            assertThat(log.all()).contains(state).doesNotContain(poison.shown);
        }
    }

    enum Poison {
        SALARY_CAST_TO_INT("SELECT id, salary::int FROM pay", "INSERT INTO pay VALUES (2, '" + VALUE + "')", VALUE),
        DUPLICATE_ROW(
                "SELECT id % 10 AS id, salary FROM pay",
                "INSERT INTO pay VALUES (11, '" + VALUE + "'), (21, '" + VALUE + "')", VALUE),
        SALARY_IN_AN_ADDRESS(
                "SELECT id, ('10.0.0.' || salary)::inet AS s FROM pay",
                "INSERT INTO pay VALUES (2, '" + VALUE + "')",
                VALUE),
        NUMBER_OUT_OF_RANGE(
                "SELECT id, salary::bigint::int AS s FROM pay",
                "INSERT INTO pay VALUES (2, '471108154711081547110815')",
                "471108154711081547110815");

        private final String query;
        private final String write;
        private final String shown;

        Poison(String query, String write, String shown) {
            this.query = query;
            this.write = write;
            this.shown = shown;
        }
    }

    /** Also of those that look like an outage, a lost privilege or a connection. */
    @ParameterizedTest
    @ValueSource(strings = {"42501", "55P03", "57014", "08006", "P0001", "XX000", "55000", "40001", "ABCDE"})
    void noSqlStateMakesAMessageHarmless(String state) throws Exception {
        database.execute("CREATE FUNCTION checked(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $f$BEGIN"
                + " IF length($1) > 5 THEN RAISE EXCEPTION 'it is %', $1 USING ERRCODE = '" + state
                + "', DETAIL = $1, HINT = $1; END IF; RETURN $1; END$f$");
        view("SELECT id, checked(salary) FROM pay");
        try (EncodedLog log = new EncodedLog();
                RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("INSERT INTO pay VALUES (2, '" + VALUE + "')");
            await().until(() -> daemon.notices().stream()
                    .anyMatch(notice -> notice instanceof io.refreshd.report.Notice.RefreshFailed));
            await().until(() ->
                    daemon.view("public.v").flatMap(ViewStatus::reason).isPresent());
            assertThat(http(daemon)).doesNotContain(VALUE);
            assertThat(as(stranger, "SELECT f::text FROM refreshd.freshness f").getFirst())
                    .doesNotContain(VALUE);
            assertThat(log.all()).doesNotContain(VALUE);
            assertThat(daemon.notices().toString())
                    .as("an object that is printed by mistake")
                    .doesNotContain(VALUE);
        }
    }

    @Test
    void waitUntilFreshTellsAStrangerNoValue() throws Exception {
        view("SELECT id, salary::int FROM pay");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("INSERT INTO pay VALUES (2, '" + VALUE + "')");
            await().until(() ->
                    database.query("SELECT state FROM refreshd.freshness").contains("suspended"));
            try (Handle handle = database.open(stranger)) {
                JdbiException refused = catchThrowableOfType(
                        JdbiException.class, () -> handle.execute("SELECT refreshd.wait_until_fresh('v')"));
                assertThat(((SQLException) refused.getCause()).getMessage())
                        .contains("is suspended", "22P02")
                        .doesNotContain(VALUE);
            }
        }
    }

    /** A role without the schema cannot read the view either. */
    @Test
    void selectWithoutTheSchemaIsNotEnough() throws Exception {
        database.execute("CREATE SCHEMA hidden");
        view("SELECT id, salary::int FROM pay");
        database.execute("ALTER MATERIALIZED VIEW v SET SCHEMA hidden");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("INSERT INTO pay VALUES (2, '" + VALUE + "')");
            await().until(() ->
                    as(stranger, "SELECT failures > 0 FROM refreshd.freshness").contains("t"));
            assertThat(as(reader, "SELECT server_message FROM refreshd.freshness"))
                    .containsExactly((String) null);
            database.execute("GRANT USAGE ON SCHEMA hidden TO " + reader);
            assertThat(as(reader, "SELECT server_message FROM refreshd.freshness")
                            .getFirst())
                    .contains(VALUE);
        }
    }

    /** Of a view that was dropped, nothing is shown under the name of the next one. */
    @Test
    void theMessageBelongsToTheViewAndNotToItsName() throws Exception {
        view("SELECT id, salary::int FROM pay");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("INSERT INTO pay VALUES (2, '" + VALUE + "')");
            awaitFailure(daemon);
            database.execute("DROP MATERIALIZED VIEW v");
            view("SELECT id, left(salary, 2)::int AS s FROM pay");
            await().until(() -> database.query("SELECT count(*) FROM refreshd.view_state WHERE view_oid = 'v'::regclass"
                            + " AND marked <= covered")
                    .equals(List.of("1")));
            // As if its last refresh had failed.
            database.execute("UPDATE refreshd.view_state SET failures = 1 WHERE view_oid = 'v'::regclass");
            assertThat(as(reader, "SELECT server_message FROM refreshd.freshness WHERE view_oid = 'v'::regclass"))
                    .containsExactly((String) null);
        }
    }

    @Test
    void aMessageOfMegabytesIsCut() throws Exception {
        database.execute("CREATE FUNCTION loud(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $f$BEGIN"
                + " IF length($1) > 5 THEN RAISE EXCEPTION '%', repeat('x', 20000000); END IF; RETURN $1; END$f$");
        view("SELECT id, loud(salary) FROM pay");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("INSERT INTO pay VALUES (2, '" + VALUE + "')");
            awaitFailure(daemon);
            assertThat(as(reader, "SELECT length(server_message) FROM refreshd.freshness"))
                    .containsExactly("2001");
        }
    }

    @Test
    void theLogShowsThemIfItIsConfiguredTo() throws Exception {
        view("SELECT id, salary::int FROM pay");
        try (EncodedLog log = new EncodedLog();
                RunningDaemon daemon = RunningDaemon.start(database, "log: { values: true }")) {
            daemon.awaitFresh();
            database.execute("INSERT INTO pay VALUES (2, '" + VALUE + "')");
            awaitFailure(daemon);
            await().untilAsserted(() -> assertThat(log.events())
                    .anySatisfy(event -> assertThat(event.text()).contains("Refresh failed", VALUE))
                    .anySatisfy(event -> assertThat(event.json()).contains("\"serverMessage\"", VALUE)));
            assertThat(http(daemon)).as("HTTP shows them never").doesNotContain(VALUE);
        }
    }

    @Test
    void aRoleViewThatCannotBeMadeTellsNoValue() throws Exception {
        database.execute("INSERT INTO pay VALUES (2, '" + VALUE + "')");
        try (EncodedLog log = new EncodedLog();
                RunningDaemon daemon = RunningDaemon.start(database, """
                role-views:
                  templates:
                    public.by_{role}:
                      query: SELECT id, salary::int AS s FROM public.pay WHERE {role} <> ''
                      unique-key: [id]
                      roles-query: SELECT 'a'
                """)) {
            await().untilAsserted(() -> assertThat(log.events())
                    .anySatisfy(event -> assertThat(event.text())
                            .contains("A role view is not as declared", "public.by_a", "22P02")));
            assertThat(log.all()).doesNotContain(VALUE);
            assertThat(http(daemon)).doesNotContain(VALUE);
        }
    }

    private void awaitFailure(RunningDaemon daemon) {
        await().until(() ->
                database.query("SELECT failures > 0 FROM refreshd.view_state").contains("t"));
        await().until(() -> daemon.view("public.v").flatMap(ViewStatus::reason).isPresent());
    }

    private static String http(RunningDaemon daemon) throws Exception {
        StringBuilder all = new StringBuilder();
        for (String path : List.of("/", "/status", "/readyz", "/livez", "/metrics")) {
            all.append(DaemonProcess.get(daemon.daemon().httpPort(), path));
        }
        return all.toString();
    }

    private List<String> as(String role, String sql) throws Exception {
        try (Handle handle = database.open(role)) {
            return handle.createQuery(sql).mapTo(String.class).list();
        }
    }
}
