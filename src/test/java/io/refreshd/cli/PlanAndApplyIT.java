package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.model.Method;
import io.refreshd.report.ViewStatus;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.LoopingReader;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code plan} and {@code apply} for a changed template, while the daemon runs and others read the views. */
class PlanAndApplyIT {
    private static final String FIRST = """
            query: SELECT id, v FROM main WHERE role = {role}
            unique-key: [id]
            indexes: [v]
            roles-query: SELECT name FROM roles
            """;

    private static final String CHANGED = FIRST.replace("SELECT id, v FROM", "SELECT id, v, upper(v) AS loud FROM")
            .replace("[v]", "[loud]");

    @TempDir
    private Path folder;

    private TestDatabase database;
    private String reader;
    private StringWriter out = new StringWriter();
    private StringWriter err = new StringWriter();

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        reader = "reader_" + database.name();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, role text NOT NULL, v text)",
                "INSERT INTO main SELECT i, CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END, 'v' || i"
                        + " FROM generate_series(1, 20) i",
                "CREATE TABLE roles (name text PRIMARY KEY)",
                "INSERT INTO roles VALUES ('a'), ('b')",
                "CREATE ROLE " + reader,
                "CREATE ROLE " + reader + "_2");
    }

    @AfterEach
    void drop() throws Exception {
        database.execute(
                "DROP OWNED BY " + reader + ", " + reader + "_2 CASCADE", "DROP ROLE " + reader + ", " + reader + "_2");
        database.close();
    }

    @Test
    void planShowsWhatWouldChangeAndChangesNothing() throws Exception {
        assertThat(execute("plan", FIRST)).isZero();
        assertThat(out.toString())
                .isEqualTo("+ public.role_a  create for role 'a'\n+ public.role_b  create for role 'b'\n");
        assertThat(execute("apply", FIRST)).isZero();
        assertThat(out.toString())
                .containsPattern("(?m)^\\[1/2] create public.role_a … done, ")
                .containsPattern("(?m)^\\[2/2] create public.role_b … done, ");
        assertThat(execute("apply", FIRST)).isZero();
        assertThat(out.toString()).isEqualTo("Nothing to do.\n");

        List<String> before = oids();
        assertThat(execute("plan", CHANGED)).isZero();
        assertThat(out.toString()).isEqualTo("""
                        ~ public.role_a  rebuild beside and swap: query, indexes
                            query
                              - SELECT id, v FROM main WHERE role = {role}
                              + SELECT id, v, upper(v) AS loud FROM main WHERE role = {role}
                            indexes
                              - v
                              + loud
                        ~ public.role_b  rebuild beside and swap: query, indexes
                        """);
        assertThat(execute("plan", CHANGED, "--json")).isZero();
        assertThat(json().at("/steps/1/action").asText()).isEqualTo("rebuild");
        assertThat(json().at("/steps/1/changes/1/after").asText()).isEqualTo("loud");
        assertThat(oids()).isEqualTo(before);
    }

    @Test
    void readersAndTheDaemonGoFromTheOldViewToTheNewOne() throws Exception {
        assertThat(execute("apply", FIRST)).isZero();
        try (RunningDaemon daemon = RunningDaemon.start(database, template(FIRST));
                LoopingReader loop = LoopingReader.start(database, "SELECT count(*) FROM role_a", "10");
                Connection snapshot = database.connect();
                Statement old = snapshot.createStatement()) {
            daemon.awaitFresh();
            // This transaction's snapshot is older than the swap, but it will read the new view.
            snapshot.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            snapshot.setAutoCommit(false);
            old.execute("SELECT count(*) FROM roles");
            assertThat(execute("apply", CHANGED, "--json")).as(err.toString()).isZero();
            assertThat(json().at("/steps/0/done").asBoolean()).isTrue();
            loop.awaitReads(20);
            try (var row = old.executeQuery("SELECT count(*) FROM role_a")) {
                row.next();
                assertThat(row.getInt(1)).isEqualTo(10);
            }
            snapshot.rollback();

            database.execute("UPDATE main SET v = 'new' WHERE id = 2");
            await().until(() ->
                    database.query("SELECT loud FROM role_a WHERE id = 2").equals(List.of("NEW")));

            String view = CHANGED + "kind: view\n";
            assertThat(execute("plan", view)).isZero();
            assertThat(out.toString()).contains("- materialized-view", "+ view");
            assertThat(execute("apply", view)).as(out.toString()).isZero();
            assertThat(database.query("SELECT relkind FROM pg_class WHERE relname LIKE 'role\\__' ORDER BY relname"))
                    .containsExactly("v", "v");
            await().until(() -> daemon.view("public.role_a").isEmpty());
            loop.awaitReads(20);
            assertThat(execute("apply", FIRST)).as(out.toString()).isZero();
            assertThat(database.query("SELECT relkind FROM pg_class WHERE relname LIKE 'role\\__' ORDER BY relname"))
                    .containsExactly("m", "m");
            loop.awaitReads(20);
            await().until(() -> daemon.view("public.role_a").isPresent());
        }
    }

    @Test
    void attachmentsByOthersOutliveTheSwap() throws Exception {
        assertThat(execute("apply", FIRST)).isZero();
        database.execute(
                "GRANT SELECT ON role_a TO " + reader + " WITH GRANT OPTION",
                "GRANT SELECT (id) ON role_a TO " + reader + "_2",
                "COMMENT ON MATERIALIZED VIEW role_a IS 'Created by refreshd; ask Ann about ''it''.'",
                "COMMENT ON COLUMN role_a.v IS 'in small letters'",
                "CREATE INDEX \"by hand\" ON role_a (v DESC, id) WHERE id > 3",
                "COMMENT ON INDEX \"by hand\" IS 'for the report'",
                "ALTER MATERIALIZED VIEW role_a SET (fillfactor = 70)",
                "GRANT CREATE ON SCHEMA public TO " + reader + "_2",
                "GRANT SELECT ON main TO " + reader + "_2",
                "ALTER MATERIALIZED VIEW role_a OWNER TO " + reader + "_2");
        List<String> before = attachments("role_a");
        List<String> oids = oids();
        assertThat(execute("apply", CHANGED)).as(out.toString()).isZero();
        assertThat(oids()).isNotEqualTo(oids);
        assertThat(attachments("role_a")).isEqualTo(before).anyMatch(line -> line.contains("by hand"));
        assertThat(database.query("SELECT indexname FROM pg_indexes WHERE tablename = 'role_a' ORDER BY 1"))
                .containsExactly("by hand", "role_a_id_idx", "role_a_loud_idx");
        // A second swap: the carried-over attachments are still distinguished from those of the template.
        assertThat(execute("apply", FIRST)).as(out.toString()).isZero();
        assertThat(attachments("role_a")).isEqualTo(before);
        assertThat(database.query("SELECT indexname FROM pg_indexes WHERE tablename = 'role_a' ORDER BY 1"))
                .containsExactly("by hand", "role_a_id_idx", "role_a_v_idx");
    }

    @Test
    void aChangedTemplateReplacesItsReaderAndOwner() throws Exception {
        database.execute("GRANT CREATE ON SCHEMA public TO " + reader + "_2");
        assertThat(execute("apply", FIRST + "grant-to: " + reader + "\n")).isZero();
        assertThat(mayRead(reader)).isTrue();
        database.execute(
                "REVOKE SELECT ON main FROM " + reader + "_2",
                "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC");
        String owned = FIRST + "grant-to: " + reader + "_2\nowner: " + reader + "_2\n";
        assertThat(execute("apply", owned))
                .as("a view holds what its owner may see")
                .isEqualTo(ExitCode.NOT_READY.code());
        assertThat(out.toString())
                .contains(
                        "[1/2] rebuild public.role_a … not done\n! ",
                        "permission denied: " + reader + "_2 may not read public.main",
                        "GRANT SELECT ON public.main TO " + reader + "_2");
        database.execute("GRANT SELECT ON main TO " + reader + "_2");
        assertThat(execute("apply", owned)).as(out.toString()).isZero();
        assertThat(mayRead(reader)).as("neither by the template nor by default").isFalse();
        assertThat(mayRead(reader + "_2")).isTrue();
        assertThat(database.query("SELECT matviewowner FROM pg_matviews")).containsOnly(reader + "_2");
    }

    /** What people have put on the view is on it afterwards, whatever its kind is and was; of a plain view it cannot have an index. */
    @Test
    void aViewChangesItsKindAndKeepsWhatIsOnIt() throws Exception {
        String incremental = FIRST + "kind: incremental\n";
        assertThat(execute("apply", FIRST)).isZero();
        database.execute(
                "GRANT CREATE ON SCHEMA public TO " + reader + "_2",
                "GRANT SELECT ON main TO " + reader + "_2",
                "GRANT SELECT ON role_a TO " + reader + " WITH GRANT OPTION",
                "COMMENT ON MATERIALIZED VIEW role_a IS 'Created by refreshd; ask Ann.'",
                "COMMENT ON COLUMN role_a.v IS 'in small letters'",
                "CREATE INDEX \"by hand\" ON role_a (v DESC, id) WHERE id > 3",
                "COMMENT ON INDEX \"by hand\" IS 'for the report'",
                "ALTER MATERIALIZED VIEW role_a SET (fillfactor = 70)",
                "ALTER MATERIALIZED VIEW role_a OWNER TO " + reader + "_2");
        try (RunningDaemon daemon = RunningDaemon.start(database, template(FIRST));
                LoopingReader loop = LoopingReader.start(database, "SELECT count(*) FROM role_a", "10")) {
            daemon.awaitFresh();
            List<String> before = attachments("role_a");
            assertThat(execute("plan", incremental)).as(out.toString()).isZero();
            assertThat(out.toString())
                    .startsWith("~ public.role_a  rebuild beside and swap: kind\n"
                            + "    kind\n      - materialized-view\n      + incremental\n~ public.role_b");
            assertThat(execute("apply", incremental)).as(out.toString()).isZero();
            loop.awaitReads(20);
            assertThat(attachments("role_a")).isEqualTo(before);
            await().until(() -> daemon.view("public.role_a")
                    .filter(view -> view.method() == Method.INCREMENTAL)
                    .isPresent());
            database.execute("UPDATE main SET v = 'followed' WHERE id = 2");
            FreshnessWait.await("role_a", database::query);
            assertThat(database.query("SELECT v FROM role_a WHERE id = 2")).containsExactly("followed");

            String louder = CHANGED + "kind: incremental\n";
            assertThat(execute("apply", louder)).as(out.toString()).isZero();
            loop.awaitReads(20);
            assertThat(attachments("role_a")).isEqualTo(before);
            assertThat(database.query("SELECT indexname FROM pg_indexes WHERE tablename = '" + table("role_a")
                            + "' AND indexname !~ '^refreshd' ORDER BY 1"))
                    .containsExactly("by hand", "role_a_id_idx", "role_a_loud_idx");
            assertThat(database.query("SELECT loud FROM role_a WHERE id = 2")).containsExactly("FOLLOWED");

            assertThat(execute("apply", FIRST)).as(out.toString()).isZero();
            loop.awaitReads(20);
            assertThat(attachments("role_a")).isEqualTo(before);
            assertThat(database.query("SELECT indexname FROM pg_indexes WHERE tablename = 'role_a' ORDER BY 1"))
                    .containsExactly("by hand", "role_a_id_idx", "role_a_v_idx");
            assertThat(database.query(
                            "SELECT count(*) FROM pg_class WHERE relnamespace = 'refreshd_store'::regnamespace"))
                    .containsExactly("0");
            daemon.awaitFresh();
        }
    }

    @Test
    void planAndApplyRefuseByNameAQueryThatCannotBeIncremental() throws Exception {
        String counted = FIRST.replace(
                        "SELECT id, v FROM main WHERE role = {role}",
                        "SELECT min(id) AS id, max(v) AS v FROM main WHERE role = {role}")
                + "kind: incremental\n";
        for (String verb : List.of("plan", "apply")) {
            assertThat(execute(verb, counted)).isEqualTo(ExitCode.NOT_READY.code());
            assertThat(out.toString())
                    .contains(
                            "! no view of public.role_{role} can be incremental: ",
                            "GROUP BY",
                            "or write kind: materialized-view in role-views.templates[public.role_{role}]");
        }
        assertThat(database.query("SELECT relname FROM pg_class WHERE relkind IN ('m', 'v')"
                        + " AND relnamespace::regnamespace::text IN ('public', 'refreshd_store')"))
                .isEmpty();
    }

    @Test
    void convertAndTeardownLeaveRoleViewsToTheirTemplate() throws Exception {
        assertThat(execute("apply", FIRST)).isZero();
        assertThat(execute("convert", FIRST, "--apply", "public.role_a")).isEqualTo(ExitCode.NOT_READY.code());
        assertThat(out.toString()).contains("was made from the template public.role_{role}", "kind: incremental");
        assertThat(execute("apply", FIRST + "kind: incremental\n")).isZero();
        assertThat(execute("convert", FIRST, "--apply", "--back", "public.role_a"))
                .isEqualTo(ExitCode.NOT_READY.code());
        assertThat(out.toString()).contains("was made from the template public.role_{role}", "kind: materialized-view");
        assertThat(execute("teardown", FIRST, "--yes")).isEqualTo(ExitCode.NOT_READY.code());
        assertThat(err.toString())
                .contains("2 views are incremental", "public.role_a, public.role_b")
                .contains(
                        "write kind: materialized-view in role-views.templates of public.role_{role}, and then refreshd apply")
                .doesNotContain("convert");
        assertThat(execute("apply", FIRST)).isZero();
        assertThat(execute("teardown", FIRST, "--yes")).as(err.toString()).isZero();
        assertThat(out.toString()).contains("Dropped: schema refreshd_store");
        assertThat(database.query("SELECT count(*) FROM role_a")).containsExactly("10");
    }

    @Test
    void anIndexThatNoLongerFitsIsAnObstacle() throws Exception {
        assertThat(execute("apply", CHANGED)).isZero();
        database.execute("CREATE INDEX shout ON role_a (loud, id)");
        assertThat(execute("apply", FIRST)).isEqualTo(ExitCode.NOT_READY.code());
        assertThat(out.toString()).contains("the index shout, which somebody has added, cannot be made");
        assertThat(database.query("SELECT count(*) FROM role_a WHERE loud IS NOT NULL"))
                .containsExactly("10");
        database.execute("DROP INDEX shout");
        assertThat(execute("apply", FIRST)).isZero();
    }

    @Test
    void theSwapWaitsForAReaderLongerThanTheLockTimeout() throws Exception {
        assertThat(execute("apply", FIRST)).isZero();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("SELECT count(*) FROM role_a");
            CompletableFuture<Integer> apply =
                    CompletableFuture.supplyAsync(() -> execute("apply", CHANGED, "refresh: { lock-timeout: 50ms }\n"));
            awaitApply("PgSleep");
            connection.commit();
            assertThat(apply.get()).as(out.toString()).isZero();
        }
    }

    /**
     * The new view holds the rows that existed when its query began. If the old view were refreshed meanwhile, its readers would lose
     * newer rows at the swap.
     */
    @Test
    void noReaderGoesBackInTime() throws Exception {
        database.execute("CREATE FUNCTION gate() RETURNS int STABLE LANGUAGE plpgsql AS"
                + " 'BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN 0; END'");
        assertThat(execute("apply", FIRST)).isZero();
        try (RunningDaemon daemon = RunningDaemon.start(database, template(FIRST));
                Connection gate = database.connect();
                Statement key = gate.createStatement();
                LoopingReader reader = LoopingReader.start(
                        database,
                        "SELECT count(*) >= coalesce(nullif(current_setting('test.seen', true), ''), '0')::int"
                                + " AND set_config('test.seen', count(*)::text, false) <> '' FROM role_a",
                        "t")) {
            daemon.awaitFresh();
            key.execute("SELECT pg_advisory_lock(42)");
            CompletableFuture<Integer> apply = CompletableFuture.supplyAsync(() -> execute(
                    "apply",
                    CHANGED.replace("role = {role}", "role = {role} AND public.gate() = 0"),
                    "refresh: { lock-timeout: 10m }\n"));
            awaitApply("advisory");
            database.execute("INSERT INTO main VALUES (100, 'a', 'during the rebuild')");
            await().until(() -> database.query("SELECT count(*) FROM role_a").equals(List.of("11"))
                    || daemon.view("public.role_a")
                            .flatMap(ViewStatus::reason)
                            .filter(reason -> reason.what().contains("holds a lock"))
                            .isPresent());
            key.execute("SELECT pg_advisory_unlock(42)");
            assertThat(apply.get()).as(out.toString()).isZero();
            await().until(() ->
                    database.query("SELECT loud FROM role_a WHERE id = 100").equals(List.of("DURING THE REBUILD")));
            reader.awaitReads(20);
        }
    }

    @Test
    void aNewViewDoesNotInheritTheWatermarkOfItsName() throws Exception {
        assertThat(execute("apply", FIRST)).isZero();
        assertThat(claims()).containsExactly("role_a dirty f", "role_b dirty f");
        try (RunningDaemon daemon = RunningDaemon.start(database, template(FIRST))) {
            daemon.awaitFresh();
        }
        database.execute("UPDATE refreshd.view_state SET paused = true WHERE view_name = 'role_b'");
        assertThat(claims()).containsExactly("role_a fresh t", "role_b paused t");
        assertThat(execute("apply", CHANGED)).isZero();
        assertThat(claims()).containsExactly("role_a dirty f", "role_b paused f");
        assertThat(execute("apply", FIRST + "kind: view\n")).isZero();
        assertThat(claims()).isEmpty();
    }

    private List<String> claims() throws Exception {
        return database.query("SELECT format('%s %s %s', view_name, state, watermark IS NOT NULL)"
                + " FROM refreshd.freshness ORDER BY view_name");
    }

    private void awaitApply(String waitEvent) {
        await().until(() -> database.query("SELECT count(*) FROM pg_stat_activity WHERE datname = '" + database.name()
                        + "' AND application_name = 'refreshd apply' AND wait_event = '" + waitEvent + "'")
                .equals(List.of("1")));
    }

    private boolean mayRead(String role) throws Exception {
        return database.query("SELECT has_table_privilege('" + role + "', 'role_a', 'SELECT')")
                .equals(List.of("t"));
    }

    private List<String> oids() throws Exception {
        return database.query("SELECT oid FROM pg_class WHERE relname LIKE 'role\\__' ORDER BY relname");
    }

    /** The name of the table that holds the rows of an incremental view. */
    private String table(String view) throws Exception {
        return database.query("SELECT s.relname FROM refreshd.incremental_view i JOIN pg_class s ON s.oid = i.store_oid"
                        + " WHERE i.view_oid = '" + view + "'::regclass")
                .getFirst();
    }

    /** The attachments of a view that are not of its template, as the server writes them. Indexes are on what holds its rows. */
    private List<String> attachments(String view) throws Exception {
        return database.query("""
                WITH rows (oid) AS (
                  SELECT coalesce((SELECT store_oid FROM refreshd.incremental_view WHERE view_oid = '%1$s'::regclass),
                                  '%1$s'::regclass))
                SELECT x FROM (
                SELECT relacl::text || relowner::regrole FROM pg_class WHERE oid = '%1$s'::regclass
                UNION ALL SELECT reloptions::text FROM pg_class JOIN rows USING (oid)
                UNION ALL SELECT attname || attacl::text FROM pg_attribute WHERE attrelid = '%1$s'::regclass
                UNION ALL SELECT objsubid || description FROM pg_description WHERE objoid = '%1$s'::regclass
                UNION ALL SELECT regexp_replace(pg_get_indexdef(i.oid), ' ON .* USING ', ' USING ')
                                 || obj_description(i.oid, 'pg_class')
                            FROM pg_class i JOIN pg_index ON indexrelid = i.oid JOIN rows ON rows.oid = indrelid
                           WHERE relname LIKE 'by%%') t (x)
                WHERE x IS NOT NULL ORDER BY x""".formatted(view));
    }

    private JsonNode json() throws Exception {
        return new ObjectMapper().readTree(out.toString());
    }

    private static String template(String lines) {
        return "role-views:\n  templates:\n    public.role_{role}:\n" + lines.indent(6);
    }

    private int execute(String verb, String lines, String... more) {
        try {
            boolean option = more.length > 0 && more[0].startsWith("--");
            Path file = Files.writeString(
                    folder.resolve("refreshd.yaml"),
                    RunningDaemon.configuration(
                            database.url(),
                            database.slot(),
                            template(lines) + (more.length > 0 && !option ? more[0] : "")));
            out = new StringWriter();
            err = new StringWriter();
            CommandLine line = Refreshd.commandLine(Map.of(), DatabaseChecker.connecting())
                    .setOut(new PrintWriter(out, true))
                    .setErr(new PrintWriter(err, true));
            List<String> arguments = new ArrayList<>(List.of(verb, "--config", file.toString()));
            arguments.addAll(option ? List.of(more) : List.of());
            return line.execute(arguments.toArray(String[]::new));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
