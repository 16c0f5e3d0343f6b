package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code redefine}, alone and beside a daemon. */
class RedefineVerbIT {
    @TempDir
    private Path folder;

    private TestDatabase database;
    private StringWriter out = new StringWriter();
    private StringWriter err = new StringWriter();

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "INSERT INTO main SELECT i, 'v' || i FROM generate_series(1, 20) i",
                "CREATE MATERIALIZED VIEW \"Odd.Name\" AS SELECT id, v FROM main WHERE id < 11",
                "CREATE UNIQUE INDEX odd_key ON \"Odd.Name\" (id)",
                "CREATE VIEW above AS SELECT count(*) AS n FROM \"Odd.Name\"",
                "CREATE MATERIALIZED VIEW top AS SELECT max(id) AS id FROM \"Odd.Name\"",
                "CREATE UNIQUE INDEX top_key ON top (id)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void printsTheScriptAndWhomItConcernsAndDoesIt() throws Exception {
        query("SELECT v, id,\n\tlength(v) AS n FROM main;\n");
        assertThat(execute("public.\"Odd.Name\""))
                .as("without a ledger: %s %s", out, err)
                .isZero();
        assertThat(database.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'refreshd'"))
                .containsExactly("0");
        assertThat(execute("public.\"Odd.Name\"", "--apply")).isZero();
        assertThat(out.toString())
                .containsPattern("^public.\"Odd.Name\"  was redefined in \\S+( ms| s)?\n")
                .contains(
                        "  columns     n integer is new\n", "  stays       public.above: given the same query again\n")
                .endsWith("  made again  public.top, filled anew\n");
        assertThat(database.query("SELECT (SELECT n FROM above) || ' ' || (SELECT id FROM top)"))
                .containsExactly("20 20");
        assertThat(execute("public.\"Odd.Name\"", "--apply")).isZero();
        assertThat(out.toString()).isEqualTo("public.\"Odd.Name\"  has this query already: nothing to do\n");

        query("SELECT id, v FROM main WHERE id < 6");
        assertThat(execute("public.\"Odd.Name\"")).isZero();
        assertThat(out.toString())
                .startsWith("public.\"Odd.Name\"  can be redefined\n")
                .contains("n goes, with its comment and grants", "the view has about 20 rows")
                .contains("at the end readers of public.\"Odd.Name\", public.above, public.top wait")
                .contains("\nBEGIN;\n", " AS\nSELECT id, v FROM main WHERE id < 6\nWITH NO DATA;\n")
                .contains("\nREFRESH MATERIALIZED VIEW \"public\".\"refreshd_new_")
                .containsPattern("\nALTER MATERIALIZED VIEW \"public\".\"Odd.Name\" RENAME TO \"refreshd_old_\\d+\";\n")
                .contains("\nCREATE OR REPLACE VIEW \"public\".\"above\" AS ")
                .endsWith("\nCOMMIT;\n\nNothing was changed; --apply redefines it.\n");
        assertThat(execute("public.\"Odd.Name\"", "--json")).isZero();
        assertThat(json().at("/remade/0").asText()).isEqualTo("public.top");
        assertThat(json().at("/rows").asInt()).isEqualTo(20);
        assertThat(json().at("/done").asBoolean()).isFalse();
        assertThat(json().at("/script").size()).isGreaterThan(10);
        assertThat(database.query("SELECT count(*) FROM \"Odd.Name\"")).containsExactly("20");
    }

    @Test
    void whatIsWrongIsSaidWithWhereAndHow() throws Exception {
        assertThat(execute("public.top")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("query.sql: there is no such file; write the query into it");
        query("SELECT 1; SELECT 2");
        assertThat(execute("public.top")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("query.sql: it holds several statements");
        query("SELECT 1 AS id");
        assertThat(execute("public.absent")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("there is no view public.absent");
        assertThat(execute("top")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("the schema is missing");
        assertThat(execute("public.*")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("name one view");
        assertThat(execute("public.above", "--json")).isEqualTo(ExitCode.NOT_READY.code());
        assertThat(json().at("/obstacles/0/what").asText())
                .isEqualTo("public.above is a plain view, which holds no rows");
        query("SELECT idd\nFROM main");
        assertThat(execute("public.top", "--apply")).isEqualTo(ExitCode.NOT_READY.code());
        assertThat(out.toString())
                .startsWith(
                        "public.top  cannot be redefined\n      the server does not accept the query (line 1, column 8): ");
    }

    @Test
    void aDaemonBesideItGoesOnAndClaimsNothingThatIsNotSo() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            CompletableFuture<Void> done = new CompletableFuture<>();
            CompletableFuture<List<String>> lies = new CompletableFuture<>();
            Thread.ofPlatform().start(() -> {
                try {
                    List<String> found = new ArrayList<>();
                    for (int id = 21; !done.isDone(); id++) {
                        database.execute("INSERT INTO main VALUES (" + id + ", 'new')");
                        String position = database.query("SELECT pg_current_wal_insert_lsn()")
                                .getFirst();
                        for (String view : List.of("\"Odd.Name\"", "top")) {
                            found.addAll(
                                    database.query("SELECT view_name || ' claims " + position + " and lacks row " + id
                                            + ": ' || (SELECT string_agg(to_jsonb(t)::text, ' / ') FROM refreshd.view_state t)"
                                            + " || (SELECT string_agg(concat_ws(' ', h.view_name, h.finished_at, h.duration, h.outcome, h.rows_changed, h.watermark), ' / ' ORDER BY h.finished_at) FROM refreshd.refresh_history h)"
                                            + " FROM refreshd.freshness WHERE view_name = '" + view.replace("\"", "")
                                            + "' AND watermark >= '" + position + "' AND (SELECT max(id) FROM " + view
                                            + ") BETWEEN 12 AND " + (id - 1)));
                        }
                    }
                    lies.complete(found);
                } catch (Exception e) {
                    lies.completeExceptionally(e);
                }
            });
            for (int i = 1; i <= 3; i++) {
                query("SELECT id, v FROM main WHERE id > " + i);
                assertThat(execute("public.\"Odd.Name\"", "--apply"))
                        .as(out.toString())
                        .isZero();
            }
            done.complete(null);
            assertThat(lies.join()).isEmpty();
            database.execute("DELETE FROM main WHERE id BETWEEN 5 AND 15");
            for (String view : List.of("\"Odd.Name\"", "top")) {
                FreshnessWait.await(view, database::query);
            }
            assertThat(database.query("SELECT (SELECT count(*) FROM \"Odd.Name\") = (SELECT count(*) - 3 FROM main)"
                            + " AND (SELECT id FROM top) = (SELECT max(id) FROM main)"))
                    .containsExactly("t");
            daemon.awaitFresh();
            await().until(() ->
                    database.query("SELECT count(*) FROM refreshd.view_state").equals(List.of("2")));
        }
    }

    private void query(String sql) throws Exception {
        Files.writeString(folder.resolve("query.sql"), sql, StandardCharsets.UTF_8);
    }

    private int execute(String... arguments) throws Exception {
        Path file = folder.resolve("refreshd.yaml");
        Files.writeString(
                file,
                "database: {url: '%s', user: %s}\nviews: {include: ['public.*']}\ncapture: {slot: %s}\n"
                        .formatted(database.url(), LocalPostgres.USER, database.slot()));
        out = new StringWriter();
        err = new StringWriter();
        List<String> all = new ArrayList<>(List.of("redefine"));
        all.addAll(List.of(arguments));
        all.addAll(List.of("--query", folder.resolve("query.sql").toString(), "--config", file.toString()));
        return Refreshd.commandLine(Map.of())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(all.toArray(String[]::new));
    }

    private JsonNode json() throws Exception {
        return new ObjectMapper().readTree(out.toString());
    }
}
