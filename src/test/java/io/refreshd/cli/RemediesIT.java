package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * JSON tells SQL from prose: what stands under {@code sql} is accepted by the server, and no {@code text} is a statement. Every verb
 * that shows remedies, on a database with as many problems as one can have, for a superuser and for a role that may only log in.
 */
class RemediesIT {
    private static final String SYNTAX_ERROR = "42601";

    @TempDir
    private Path folder;

    private final List<JsonNode> remedies = new ArrayList<>();

    @Test
    void whatStandsUnderSqlIsSqlAndProseNeverIs() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            String poor = "poor \"'\n" + database.name();
            String quoted = '"' + poor.replace("\"", "\"\"") + '"';
            database.execute("CREATE ROLE " + quoted + " LOGIN");
            try {
                troubles(database);
                String roles = """
                        views: { include: ['*.*'], quiet-period: 50ms, untracked-max-staleness: 1h }
                        role-views:
                          templates:
                            made.role_{role}: { roles: [a, b], owner: nobody, grant-to: 'reader_{role}', unique-key: [id],
                                query: "SELECT id FROM main WHERE v = {role}" }
                            app.other_{role}: { roles: [a], unique-key: [nothing],
                                query: "SELECT id FROM main WHERE v = {role}" }
                            app.third_{role}: { roles-query: SELECT nope FROM nowhere, unique-key: [id],
                                query: "SELECT id FROM main WHERE v = {role}" }
                        """;
                String yaml = RunningDaemon.configuration(database.url(), database.slot(), roles);
                verbs(yaml, "check", "graph", "plan", "status");
                verbs(
                        yaml.replace(
                                "user: postgres",
                                "user: \"" + poor.replace("\"", "\\\"").replace("\n", "\\n") + '"'),
                        "check",
                        "init",
                        "run");
                try (RunningDaemon daemon = RunningDaemon.start(RunningDaemon.configuration(
                        database.url(), database.slot(), "views: { include: ['*.*'], untracked-max-staleness: 1h }"))) {
                    daemon.awaitPhase("app.no_key", ViewPhase.SUSPENDED);
                    verbs(yaml, "status");
                }
                assertThat(remedies).hasSizeGreaterThan(30);
                assertSql(database);
                assertThat(database.query("SELECT count(*) > 3 FROM refreshd.freshness WHERE remedy_sql <> '{}'"))
                        .containsExactly("t");
            } finally {
                database.execute(
                        "DROP ROLE " + quoted,
                        "DROP OWNED BY " + owner(database) + " CASCADE",
                        "DROP ROLE " + owner(database));
            }
        }
    }

    private static void troubles(TestDatabase database) throws Exception {
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "INSERT INTO main SELECT i, 'v' FROM generate_series(1, 11000) i",
                "CREATE SCHEMA app",
                "CREATE TABLE app.\"key;less '\" (v text)",
                "CREATE TABLE app.deferred (id int PRIMARY KEY DEFERRABLE)",
                "CREATE TABLE app.generated (id int, g int GENERATED ALWAYS AS (id + 1) STORED)",
                "CREATE UNLOGGED TABLE app.fleeting (id int PRIMARY KEY, at text)",
                "CREATE SEQUENCE app.numbers",
                "CREATE TABLE app.guarded (id int PRIMARY KEY)",
                "ALTER TABLE app.guarded ENABLE ROW LEVEL SECURITY",
                "CREATE FUNCTION app.asks(int) RETURNS text LANGUAGE plpgsql STABLE AS"
                        + " 'BEGIN RETURN (SELECT v FROM main WHERE id = $1); END'",
                "CREATE ROLE " + owner(database),
                "CREATE FUNCTION app.hers(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END'",
                "ALTER FUNCTION app.hers(int) OWNER TO " + owner(database),
                "CREATE MATERIALIZED VIEW app.\"a\n; --\" AS SELECT v FROM app.\"key;less '\"",
                "CREATE MATERIALIZED VIEW app.no_key AS SELECT v FROM main",
                "CREATE MATERIALIZED VIEW app.no_index AS SELECT id FROM main",
                "CREATE MATERIALIZED VIEW app.\"partial\" AS SELECT id FROM main",
                "CREATE UNIQUE INDEX ON app.\"partial\" (id) WHERE id > 3",
                "CREATE MATERIALIZED VIEW app.empty AS SELECT id FROM main WITH NO DATA",
                "CREATE MATERIALIZED VIEW app.on_empty AS SELECT id FROM app.empty WITH NO DATA",
                "CREATE MATERIALIZED VIEW app.late AS SELECT v, id, now() FROM main",
                "CREATE UNIQUE INDEX ON app.late (id)",
                "CREATE MATERIALIZED VIEW app.opaque AS SELECT id, app.asks(id) AS v FROM app.fleeting",
                "CREATE UNIQUE INDEX ON app.opaque (id)",
                "CREATE MATERIALIZED VIEW app.untrusted AS SELECT id, app.hers(id) AS h FROM main",
                "CREATE UNIQUE INDEX ON app.untrusted (id)",
                "CREATE MATERIALIZED VIEW app.cast_clock AS SELECT id, at::timestamptz FROM app.fleeting",
                "CREATE UNIQUE INDEX ON app.cast_clock (id)",
                "CREATE MATERIALIZED VIEW app.undetermined AS SELECT row_number() OVER () AS n, id FROM main",
                "CREATE UNIQUE INDEX ON app.undetermined (n)",
                "CREATE MATERIALIZED VIEW app.rest AS SELECT d.id, g.g, s.last_value, c.relname FROM app.deferred d"
                        + " JOIN app.generated g USING (id) JOIN app.guarded u USING (id), app.numbers s, pg_class c",
                "ANALYZE app.late");
    }

    private static String owner(TestDatabase database) {
        return "owner_" + database.name();
    }

    private void verbs(String yaml, String... verbs) throws Exception {
        Path file = Files.writeString(folder.resolve("refreshd.yaml"), yaml);
        for (String verb : verbs) {
            StringWriter out = new StringWriter();
            StringWriter err = new StringWriter();
            List<String> arguments = new ArrayList<>(List.of(verb, "--config", file.toString()));
            if (!verb.equals("run")) {
                arguments.add("--json");
            }
            Refreshd.commandLine(Map.of())
                    .setOut(new PrintWriter(out))
                    .setErr(new PrintWriter(err))
                    .execute(arguments.toArray(String[]::new));
            if (!verb.equals("run")) {
                JsonNode root = new ObjectMapper().readTree(out.toString());
                List<JsonNode> found = root.findValues("remedy");
                assertThat(found).as(verb + out + err).isNotEmpty();
                remedies.addAll(found);
            }
        }
    }

    private void assertSql(TestDatabase database) throws Exception {
        try (Connection connection = DriverManager.getConnection(database.url(), "postgres", "")) {
            connection.setAutoCommit(false);
            for (JsonNode remedy : remedies) {
                if (remedy.isNull()) {
                    continue;
                }
                assertThat(remedy.has("text") && remedy.path("sql").isArray())
                        .as(remedy.toString())
                        .isTrue();
                assertThat(remedy.path("text").isTextual()
                                || !remedy.path("sql").isEmpty())
                        .as(remedy.toString())
                        .isTrue();
                for (JsonNode sql : remedy.path("sql")) {
                    assertThat(stateOf(connection, sql.asText()))
                            .as(sql.asText())
                            .isNotEqualTo(SYNTAX_ERROR);
                }
                if (remedy.path("text").isTextual()) {
                    String text = remedy.path("text").asText();
                    assertThat(stateOf(connection, text)).as(text).isEqualTo(SYNTAX_ERROR);
                }
            }
        }
    }

    /** Runs a text and takes it back; the SQLSTATE of the failure, or an empty string. */
    private static String stateOf(Connection connection, String text) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(text);
            return "";
        } catch (SQLException e) {
            return String.valueOf(e.getSQLState());
        } finally {
            connection.rollback();
        }
    }
}
