package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** {@code convert}, and what {@code graph}, {@code check} and {@code teardown} say of incremental views. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConvertVerbIT {
    @TempDir
    private Path folder;

    private TestDatabase database;
    private StringWriter out = new StringWriter();
    private StringWriter err = new StringWriter();

    @BeforeAll
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE roles (name text PRIMARY KEY, label text)",
                "CREATE TABLE main (id int PRIMARY KEY, role text, v text)",
                "INSERT INTO roles VALUES ('a', 'A')",
                "INSERT INTO main SELECT i, 'a', 'v' || i FROM generate_series(1, 20) i",
                "CREATE MATERIALIZED VIEW joined AS SELECT m.id, r.label FROM main m LEFT JOIN roles r ON r.name = m.role",
                "CREATE VIEW above AS SELECT count(*) AS n FROM joined",
                "CREATE MATERIALIZED VIEW counted AS SELECT min(role) AS role, count(*) AS n FROM main",
                "CREATE MATERIALIZED VIEW \"odd.Name\" AS SELECT v FROM main");
        try (Handle handle = database.open()) {
            LedgerSchema.migrate(handle);
        }
        database.execute("""
                INSERT INTO refreshd.refresh_history (view_schema, view_name, finished_at, duration, method, outcome)
                SELECT 'public', 'joined', now() - i * interval '1 hour', interval '2 seconds', 'concurrent', 'refreshed'
                FROM generate_series(1, 5) i
                """);
    }

    @AfterAll
    void drop() throws Exception {
        database.close();
    }

    @Test
    void saysWhatItWouldDoDoesItAndUndoesIt() throws Exception {
        assertThat(execute("graph")).isZero();
        assertThat(out.toString())
                .containsPattern("public\\.joined  could be incremental, by id of public\\.main\n"
                        + "      refreshed 5 times in 5 h.*, 2\\.0 s each \\(median\\), 10\\.0 s in all");
        assertThat(execute("convert", "public.joined")).isZero();
        assertThat(out.toString())
                .contains("public.joined  can be incremental, by id of public.main\n")
                .contains("  public.main  changes are found by id\n")
                .contains("  public.roles  changes are found by name\n")
                .contains("  the table also holds r.name, which the view does not show\n")
                .contains("  stays as it is: public.above\n")
                .containsPattern("refreshed 5 times in 5 h.*, 2\\.0 s each \\(median\\), 10\\.0 s in all")
                .endsWith("Nothing was changed; --apply converts what can be.\n");
        assertThat(kind("joined")).isEqualTo("m");
        assertThat(database.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'refreshd_store'"))
                .containsExactly("0");

        assertThat(execute("convert", "public.joined", "public.counted", "--apply", "--json"))
                .isEqualTo(ExitCode.NOT_READY.code());
        assertThat(json().at("/views/0/view").asText()).isEqualTo("public.counted");
        assertThat(json().at("/views/0/done").asBoolean()).isFalse();
        assertThat(json().at("/views/0/obstacles/0/what").asText()).contains("GROUP BY");
        assertThat(json().at("/views/1/done").asBoolean()).isTrue();
        assertThat(json().at("/views/1/anchor").asText()).isEqualTo("public.main");
        assertThat(json().at("/views/1/history/refreshes").asInt()).isEqualTo(5);
        assertThat(kind("joined")).isEqualTo("v");
        assertThat(database.query("SELECT n FROM above")).containsExactly("20");

        assertThat(execute("convert", "public.counted", "--back")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("convert: no incremental view matches public.counted");
        assertThat(execute("convert", "public.joined", "--apply")).isZero();
        assertThat(out.toString()).isEqualTo("public.joined  is incremental already\n");
        assertThat(execute("graph")).isZero();
        assertThat(out.toString())
                .contains("public.joined  is incremental: its rows are in refreshd_store.joined_")
                .contains("public.\"odd.Name\"  could be incremental, by id of public.main\n")
                .contains(
                        "public.counted  cannot be incremental\n      \"public\".\"counted\" has an aggregate over all rows");
        assertThat(out.toString())
                .contains("  → public.joined\n      reads id, role\n      decided by rows recomputed by id\n");
        assertThat(execute("explain", "public.main", "--key", "1")).isZero();
        assertThat(out.toString())
                .contains(
                        "public.joined\n             recomputed by id: the view shows it in 1 row(s), its definition returns 1;"
                                + " a round writes what the change alters\n");
        execute("audit", "public.joined");
        assertThat(out.toString()).contains("public.joined");
        assertThat(execute("graph", "--json")).isZero();
        assertThat(json().at("/incremental/0/view").asText()).isEqualTo("public.joined");
        assertThat(json().at("/couldBeIncremental/1/possible").asBoolean()).isTrue();

        assertThat(execute("teardown", "--yes")).isEqualTo(ExitCode.NOT_READY.code());
        assertThat(err.toString())
                .contains("a view is incremental")
                .contains("refreshd convert --back --apply public.joined");

        assertThat(execute("convert", "public.joined", "--back")).isZero();
        assertThat(out.toString()).contains("public.joined  can be a materialized view again");
        assertThat(execute("convert", "--all", "--back", "--apply")).isZero();
        assertThat(out.toString())
                .contains("public.joined  is a materialized view again\n  stays as it is: public.above\n");
        assertThat(kind("joined")).isEqualTo("m");
        assertThat(execute("convert", "public.joined", "--back")).isEqualTo(ExitCode.USAGE.code());
        assertThat(execute("convert", "--apply")).isEqualTo(ExitCode.USAGE.code());
    }

    @Test
    void aMapOfValuesIsNamedAndLeadsToTheView() throws Exception {
        database.execute("CREATE MATERIALIZED VIEW used AS SELECT r.label,"
                + " (SELECT count(*) FROM main m WHERE m.role = r.name) AS n FROM roles r");
        assertThat(execute("convert", "public.used")).isZero();
        assertThat(out.toString())
                .contains("  public.main  changes are found by id\n")
                .contains("  a map holds role of each row of public.main, whose old value the log does not hold: ");
        assertThat(execute("convert", "public.used", "--apply", "--json")).isZero();
        assertThat(json().at("/views/0/maps/0").asText()).isEqualTo("role of each row of public.main");
        assertThat(execute("explain", "public.main", "--key", "1")).isZero();
        assertThat(out.toString())
                .contains("public.used\n             recomputed by id in a map: the groups, or rows of the view,");
        assertThat(execute("convert", "public.used", "--back", "--apply")).isZero();
        assertThat(database.query("SELECT relname FROM pg_class WHERE relname LIKE 'used\\_%'"))
                .isEmpty();
        database.execute("DROP MATERIALIZED VIEW used");
    }

    @Test
    void theSizeOfAMapOfValuesIsKnownBeforeItIsMade() throws Exception {
        database.execute(
                "CREATE TABLE notes (id bigint PRIMARY KEY, main_id int, text text) WITH (autovacuum_enabled = false)",
                "CREATE TABLE marks (id int PRIMARY KEY, note int) WITH (autovacuum_enabled = false)",
                "INSERT INTO notes SELECT i, i % 100, 'text' FROM generate_series(1, 20000) i",
                "INSERT INTO marks SELECT i, i FROM generate_series(1, 5000) i",
                "CREATE MATERIALIZED VIEW noted AS SELECT m.id,"
                        + " (SELECT count(*) FROM notes n WHERE n.main_id = m.id) AS notes,"
                        + " (SELECT count(*) FROM marks k JOIN notes n ON n.id = k.note WHERE n.main_id = m.id) AS marks"
                        + " FROM main m");
        assertThat(execute("convert", "public.noted")).isZero();
        assertThat(out.toString())
                .contains(
                        "note of each row of public.marks through public.notes, whose old value the log does not hold:"
                                + " how large it becomes is not known before ANALYZE of public.marks, public.notes\n");
        database.execute("ANALYZE notes, marks");
        assertThat(execute("convert", "public.noted")).isZero();
        assertThat(out.toString())
                .contains(
                        "main_id of each row of public.notes, whose old value the log does not hold: about 20000 rows, 1 MB")
                .contains(": about 5000 rows, ");
        assertThat(execute("convert", "public.noted", "--apply", "--json")).isZero();
        for (JsonNode size : json().at("/views/0/mapSizes")) {
            long rows = size.get("rows").asLong();
            String table = database.query(
                            "SELECT store_oid FROM refreshd.incremental_map m JOIN pg_class c ON c.oid = m.store_oid"
                                    + " WHERE m.view_oid = 'noted'::regclass AND c.reltuples = " + rows)
                    .getFirst();
            long bytes = Long.parseLong(
                    database.query("SELECT pg_table_size(" + table + ") + pg_indexes_size(" + table + ")")
                            .getFirst());
            assertThat(size.get("bytes").asLong()).as("estimate for " + size).isBetween(bytes * 2 / 3, bytes * 3 / 2);
        }
        assertThat(json().at("/views/0/mapSizes")).hasSize(2);
        assertThat(execute("convert", "public.noted", "--back", "--apply")).isZero();
        database.execute("DROP MATERIALIZED VIEW noted", "DROP TABLE notes, marks");
    }

    @Test
    void checkSaysItInTwoFindings() throws Exception {
        assertThat(finding("incremental").path("concerns").toString()).contains("odd.Name");
        assertThat(finding("incremental").path("remedy").path("text").asText())
                .contains("refreshd convert public.joined --apply", "refreshed 5 times in 5 h", "10.0 s in all");
        assertThat(finding("not-incremental").path("what").asText())
                .contains("cannot be incremental: \"public\".\"counted\" has an aggregate over all rows");

        database.execute(
                "CREATE MATERIALIZED VIEW second AS SELECT id FROM main",
                "CREATE MATERIALIZED VIEW summed AS SELECT sum(DISTINCT id) AS n FROM main");
        try {
            assertThat(finding("incremental").path("concerns").toString()).contains("odd.Name", "second");
            assertThat(finding("not-incremental").path("concerns").toString()).contains("counted", "summed");
        } finally {
            database.execute("DROP MATERIALIZED VIEW second, summed");
        }
    }

    /** The one finding of this kind. */
    private JsonNode finding(String code) throws Exception {
        execute("check", "--json");
        List<JsonNode> findings = new ArrayList<>();
        json().at("/findings").forEach(found -> {
            if (found.path("code").asText().equals(code)) {
                findings.add(found);
            }
        });
        assertThat(findings).hasSize(1);
        return findings.getFirst();
    }

    private String kind(String view) throws Exception {
        return String.valueOf(database.query("SELECT relkind FROM pg_class WHERE oid = '" + view + "'::regclass")
                .getFirst());
    }

    private int execute(String... arguments) throws Exception {
        Path file = folder.resolve("refreshd.yaml");
        Files.writeString(
                file,
                "database: {url: '%s', user: %s}\nviews: {include: ['public.*']}\ncapture: {slot: %s}\n"
                        .formatted(database.url(), LocalPostgres.USER, database.slot()));
        out = new StringWriter();
        err = new StringWriter();
        String[] all = new String[arguments.length + 2];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        all[arguments.length] = "--config";
        all[arguments.length + 1] = file.toString();
        return Refreshd.commandLine(Map.of())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(all);
    }

    private JsonNode json() throws Exception {
        return new ObjectMapper().readTree(out.toString());
    }
}
