package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.refreshd.audit.Audit;
import io.refreshd.audit.Verdict;
import io.refreshd.catalog.UndeterminedQueries;
import io.refreshd.incremental.Conversion;
import io.refreshd.incremental.ReverseConversion;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.model.Method;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;

/**
 * The daemon keeps incremental views. One database and one daemon serve all cases; each case has a view of its own over the same tables.
 */
@NullUnmarked // Set before the first test.
class IncrementalIT {
    private static final String FROM = "FROM main m LEFT JOIN all_details d ON d.main_id = m.id WHERE m.role = 'a'";
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private static TestDatabase database;
    private static RunningDaemon daemon;

    private String view;
    private String store;

    @BeforeAll
    static void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, title text, role text)",
                "CREATE TABLE details (id int PRIMARY KEY, main_id int, v text)",
                "CREATE INDEX ON details (main_id)",
                "CREATE VIEW all_details AS SELECT * FROM details",
                "INSERT INTO main SELECT i, 'title ' || i, chr(97 + i % 2) FROM generate_series(1, 400) i",
                "INSERT INTO details SELECT i, i, 'v' || i FROM generate_series(1, 300) i",
                "CREATE MATERIALIZED VIEW other AS SELECT id, title FROM main",
                "CREATE UNIQUE INDEX ON other (id)");
        daemon = RunningDaemon.start(database, "views: { overrides: { public.never: { full-recompute: never } } }");
    }

    @AfterAll
    static void drop() throws Exception {
        daemon.close();
        database.close();
    }

    @BeforeEach
    void view() throws Exception {
        view = "v" + NUMBER.incrementAndGet();
        store = convert(database, view, "SELECT m.title, d.v " + FROM);
        daemon.awaitPhase("public." + view, ViewPhase.FRESH);
        assertThat(database.query("SELECT refreshes > 0 FROM refreshd.view_state WHERE view_name = '" + view + "'"))
                .as("the rows of a new view are compared once")
                .containsExactly("t");
    }

    /** @return the name of the table that holds the rows */
    private static String convert(TestDatabase database, String view, String query) throws Exception {
        database.execute("CREATE MATERIALIZED VIEW " + view + " AS " + query);
        return convertExisting(database, view);
    }

    private static String convertExisting(TestDatabase database, String view) throws Exception {
        ViewId id = new ViewId("public", view);
        try (Handle handle = database.open()) {
            Conversion.forward(handle, id);
            return SqlNames.qualified(
                    Objects.requireNonNull(IncrementalViewRows.load(handle).get(id))
                            .store()
                            .orElseThrow());
        }
    }

    private static String definition(String store) {
        return store.substring(0, store.length() - 1) + "_definition\"";
    }

    /** The statement's effect is in the view once the view counts as fresh, and the view is as its definition says. */
    private void assertRightAfter(String... statements) throws Exception {
        database.execute(statements);
        assertRight(view, store);
    }

    private static void assertRight(String view, String store) throws Exception {
        FreshnessWait.await(view, database::query);
        String definition = "(SELECT title, v FROM " + definition(store) + ")";
        assertThat(database.query("(SELECT x::text FROM " + view + " x EXCEPT ALL SELECT x::text FROM " + definition
                        + " x) UNION ALL (SELECT x::text FROM " + definition + " x EXCEPT ALL SELECT x::text FROM "
                        + view
                        + " x)"))
                .isEmpty();
    }

    /** The last entry of the history: rows changed, and why all rows were recomputed. */
    private String last() throws Exception {
        return database.query("SELECT concat_ws(' ', method, outcome, rows_changed, coalesce(detail, '-'))"
                        + " FROM refreshd.refresh_history WHERE view_name = '" + view + "' ORDER BY id DESC LIMIT 1")
                .getFirst();
    }

    private String last(String column) throws Exception {
        return database.query("SELECT " + column + " FROM refreshd.refresh_history WHERE view_name = '" + view
                        + "' ORDER BY id DESC LIMIT 1")
                .getFirst();
    }

    @Test
    void aChangedRowChangesItsRowsAlone() throws Exception {
        String before = database.query("SELECT md5(string_agg(ctid::text || xmin, ',' ORDER BY ctid)) FROM " + store
                        + " WHERE refreshd_1 <> 2")
                .getFirst();
        assertRightAfter("UPDATE main SET title = 'new' WHERE id = 2");
        assertThat(database.query("SELECT count(*) FROM " + view + " WHERE title = 'new'"))
                .containsExactly("1");
        assertThat(database.query("SELECT md5(string_agg(ctid::text || xmin, ',' ORDER BY ctid)) FROM " + store
                        + " WHERE refreshd_1 <> 2"))
                .containsExactly(before);
        assertThat(last("method")).isEqualTo("incremental");
        assertRightAfter("DELETE FROM details WHERE id = 2");
        assertRightAfter("INSERT INTO details VALUES (2, 2, 'back'), (1002, 2, 'twice')");
        assertRightAfter("UPDATE main SET role = 'a' WHERE id = 3");
        assertThat(last("outcome")).isEqualTo("refreshed");
        // Of so few rows all may cost less than some.
        assertThat(last("detail")).matches("\\d+ keys? recomputed|everything recomputed: .* would take about .*");
        assertRightAfter("UPDATE main SET role = 'b' WHERE id = 3");
        assertRightAfter("UPDATE main SET id = 5000 WHERE id = 4");
        assertRightAfter("DELETE FROM main WHERE id = 5000");
    }

    @Test
    void showsItsMethodInStatusMetricsAndHistory() throws Exception {
        assertRightAfter("UPDATE main SET title = title || '!' WHERE id = 6");
        assertThat(daemon.view("public." + view).orElseThrow().method()).isEqualTo(Method.INCREMENTAL);
        assertThat(daemon.scrape()).contains("method=\"incremental\"");
        assertThat(database.query("SELECT method FROM refreshd.freshness WHERE view_name = '" + view + "'"))
                .containsExactly("incremental");
        assertThat(daemon.view("public.other").orElseThrow().method()).isEqualTo(Method.CONCURRENT);
    }

    @Test
    void truncateAndManyRowsRecomputeEverything() throws Exception {
        database.execute("CREATE TABLE kept AS SELECT * FROM details");
        assertRightAfter("TRUNCATE details");
        assertThat(last()).contains("keys are not known");
        assertRightAfter("INSERT INTO details SELECT * FROM kept");
        assertThat(last()).doesNotContain("keys are not known");
        assertRightAfter("INSERT INTO details SELECT i, i, 'w' || i FROM generate_series(10001, 21000) i");
        assertThat(last()).contains("keys are not known");
        assertRightAfter("DELETE FROM details WHERE id > 10000", "DROP TABLE kept");
    }

    /** More groups in one statement than keys are remembered for, and a group that grows to nearly half of the table. */
    @Test
    void manyGroupsAtOnceAndOneThatGrows() throws Exception {
        database.execute(
                "CREATE TABLE grown (id int PRIMARY KEY, g int, t text)",
                "ALTER TABLE grown REPLICA IDENTITY FULL",
                "INSERT INTO grown SELECT i, i, 'x' FROM generate_series(1, 11000) i");
        view = "groups_of_grown";
        store = convert(database, view, "SELECT g AS title, string_agg(t, ',' ORDER BY id) AS v FROM grown GROUP BY g");
        daemon.awaitPhase("public." + view, ViewPhase.FRESH);
        assertRightAfter("UPDATE grown SET t = 'y'");
        assertThat(last()).contains("keys are not known");
        assertRightAfter("UPDATE grown SET g = 1 WHERE id <= 5000");
        assertThat(database.query("SELECT length(v) FROM " + view + " WHERE title = 1"))
                .containsExactly("9999");
        for (int id = 1; id <= 3; id++) {
            assertRightAfter("UPDATE grown SET t = 'z' WHERE id = " + id);
            assertThat(last("detail")).matches("1 key recomputed|everything recomputed: .* would take about .*");
        }
    }

    @Test
    void alteredTablesAndViewsBelowRecomputeEverything() throws Exception {
        assertRightAfter(
                "ALTER TABLE details ADD COLUMN more int",
                "UPDATE details SET more = 1, v = 'more' WHERE id = 8",
                "ALTER TABLE details DROP COLUMN more");
        assertRightAfter("CREATE OR REPLACE VIEW all_details AS SELECT id, main_id, upper(v) AS v FROM details");
        assertThat(database.query("SELECT DISTINCT left(v, 1) FROM " + view + " WHERE v IS NOT NULL ORDER BY 1"))
                .allMatch(letter -> letter.equals(letter.toUpperCase(java.util.Locale.ROOT)));
        assertRightAfter("CREATE OR REPLACE VIEW all_details AS SELECT * FROM details");
    }

    @Test
    void whatStandsOnItFollows() throws Exception {
        String on = view + "_count";
        database.execute(
                "CREATE MATERIALIZED VIEW " + on + " AS SELECT left(title, 1) AS l, count(*) AS n FROM " + view
                        + " GROUP BY 1",
                "CREATE UNIQUE INDEX ON " + on + " (l)");
        daemon.awaitPhase("public." + on, ViewPhase.FRESH);
        database.execute("UPDATE main SET title = 'Z' WHERE id IN (10, 12)");
        FreshnessWait.await(on, database::query);
        assertThat(database.query("SELECT n FROM " + on + " WHERE l = 'Z'")).containsExactly("2");
        database.execute("DROP MATERIALIZED VIEW " + on);
    }

    @Test
    void pausedItLacksWhatCameAndResumedItHasIt() throws Exception {
        ask("pause");
        daemon.awaitPhase("public." + view, ViewPhase.PAUSED);
        // The pause is the name's, and outlives the conversion back and forth.
        try (Handle handle = database.open()) {
            ReverseConversion.back(handle, new ViewId("public", view));
        }
        await().until(() -> daemon.view("public." + view)
                .filter(seen -> seen.method() != Method.INCREMENTAL)
                .isPresent());
        assertThat(daemon.view("public." + view).orElseThrow().phase()).isEqualTo(ViewPhase.PAUSED);
        store = convertExisting(database, view);
        await().until(() -> daemon.view("public." + view)
                .filter(seen -> seen.method() == Method.INCREMENTAL)
                .isPresent());
        assertThat(daemon.view("public." + view).orElseThrow().phase()).isEqualTo(ViewPhase.PAUSED);
        database.execute("UPDATE main SET title = 'while paused' WHERE id = 14");
        FreshnessWait.await("other", database::query);
        assertThat(database.query("SELECT title FROM " + view + " WHERE title = 'while paused'"))
                .isEmpty();
        ask("resume");
        await().until(() -> database.query("SELECT paused FROM refreshd.view_state WHERE view_name = '" + view + "'")
                .equals(List.of("f")));
        assertRight(view, store);
        assertThat(database.query("SELECT title FROM " + view + " WHERE title = 'while paused'"))
                .hasSize(1);
        database.execute("SELECT refreshd.request_refresh('" + view + "')");
        await().until(() -> last().contains("a refresh was asked for"));
    }

    private void ask(String kind) throws Exception {
        database.execute("INSERT INTO refreshd.request (kind, view_oid) VALUES ('" + kind + "', '" + view
                + "'::regclass);" + " SELECT pg_logical_emit_message(true, 'refreshd:request', '')");
    }

    @Test
    void theAuditComparesItWithItsDefinition() throws Exception {
        Audit audit =
                new Audit(database.jdbi(), UndeterminedQueries::of, Thread::sleep, TestTimeout.LIMIT, Duration.ZERO);
        ViewId id = new ViewId("public", view);
        assertRightAfter("UPDATE main SET title = 'audited' WHERE id = 16");
        assertThat(audit.audit(id).verdict()).isEqualTo(Verdict.EQUAL);
        database.execute("UPDATE " + store + " SET title = 'forged' WHERE refreshd_1 = 16");
        assertThat(audit.audit(id).verdict()).isEqualTo(Verdict.DRIFT);
        database.execute("SELECT refreshd.request_refresh('" + view + "')");
        await().until(() -> audit.audit(id).verdict() == Verdict.EQUAL);
    }

    @Test
    void aLostDefinitionSuspendsItAndOthersGoOn() throws Exception {
        database.execute("DROP VIEW " + definition(store));
        daemon.awaitPhase("public." + view, ViewPhase.SUSPENDED);
        database.execute("UPDATE main SET title = 'without it' WHERE id = 18");
        FreshnessWait.await("other", database::query);
        assertThat(database.query("SELECT state || coalesce(watermark::text, '') || ': ' || reason || ': ' || remedy"
                        + " FROM refreshd.freshness WHERE view_name = '" + view + "'"))
                .singleElement()
                .asString()
                .contains("suspended: the definition of \"public\".\"" + view + "\" was dropped: refreshd convert");
        mendedByTheRemedy();
    }

    /** There and back again, as the remedy says. */
    private void mendedByTheRemedy() throws Exception {
        try (Handle handle = database.open()) {
            ReverseConversion.back(handle, new ViewId("public", view));
        }
        store = convertExisting(database, view);
        daemon.awaitPhase("public." + view, ViewPhase.FRESH);
        assertRight(view, store);
    }

    @Test
    void anAlteredTableSuspendsItAndTheRemedyMendsIt() throws Exception {
        database.execute("ALTER TABLE " + store + " ADD COLUMN more int DEFAULT 7");
        daemon.awaitPhase("public." + view, ViewPhase.SUSPENDED);
        database.execute("UPDATE main SET title = 'beside the altered one' WHERE id = 28");
        FreshnessWait.await("other", database::query);
        assertThat(database.query(
                        "SELECT reason || ': ' || remedy FROM refreshd.freshness WHERE view_name = '" + view + "'"))
                .singleElement()
                .asString()
                .contains("does not have the columns of", "--back --apply, and then refreshd convert");
        mendedByTheRemedy();
        assertThat(database.query("SELECT count(*) FROM " + view + " WHERE title = 'beside the altered one'"))
                .containsExactly("1");
    }

    @Test
    void aRowThatTheUsersUniqueIndexRefusesSuspendsItUntilTheRowIsCorrected() throws Exception {
        database.execute(
                "CREATE TABLE once (id int PRIMARY KEY, title text)",
                "INSERT INTO once VALUES (1, 'one'), (2, 'two')",
                "CREATE MATERIALIZED VIEW only_once AS SELECT title FROM once",
                "CREATE UNIQUE INDEX ON only_once (title)");
        convertExisting(database, "only_once");
        daemon.awaitPhase("public.only_once", ViewPhase.FRESH);
        database.execute("UPDATE once SET title = CASE id WHEN 1 THEN 'two' ELSE 'one' END");
        FreshnessWait.await("only_once", database::query);
        database.execute("INSERT INTO once VALUES (3, 'one')");
        daemon.awaitPhase("public.only_once", ViewPhase.SUSPENDED);
        assertRightAfter("UPDATE main SET title = 'beside it' WHERE id = 30");
        assertThat(database.query(
                        "SELECT reason || ': ' || remedy FROM refreshd.freshness WHERE view_name = 'only_once'"))
                .singleElement()
                .asString()
                .contains("unique_violation", "make the rows of the view unique by the columns of its unique index");
        assertThat(database.query("SELECT title FROM only_once ORDER BY 1")).containsExactly("one", "two");
        database.execute("UPDATE once SET title = 'three' WHERE id = 3");
        daemon.awaitPhase("public.only_once", ViewPhase.FRESH);
        assertThat(database.query("SELECT title FROM only_once ORDER BY 1")).containsExactly("one", "three", "two");
        database.execute("DROP VIEW only_once", "DROP TABLE once CASCADE");
    }

    /** The table of one view is on a disk of its own, which becomes full in the middle of a round. */
    @Test
    void aFullDiskDelaysItAlone(@TempDir Path disk) throws Exception {
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", disk.toString()) == 0,
                "no small disk can be mounted here");
        try {
            database.execute(
                    "CREATE TABLE filling (id int PRIMARY KEY, title text)",
                    "INSERT INTO filling SELECT i, 'short' FROM generate_series(1, 200) i",
                    "CREATE TABLESPACE small LOCATION '" + disk + "'");
            String full = convert(database, "filled", "SELECT title FROM filling");
            daemon.awaitPhase("public.filled", ViewPhase.FRESH);
            database.execute("ALTER TABLE " + full + " SET TABLESPACE small");
            Path ballast = disk.resolve("ballast");
            run("dd", "if=/dev/zero", "of=" + ballast, "bs=64k");
            database.execute("UPDATE filling SET title = repeat(md5(id::text), 30)");
            await().until(() -> daemon.view("public.filled")
                    .flatMap(ViewStatus::reason)
                    .filter(reason -> reason.what().contains("disk_full")
                            && reason.remedy().text().startsWith("free disk space"))
                    .isPresent());
            assertRightAfter("UPDATE main SET title = 'beside it' WHERE id = 32");
            assertThat(database.query("SELECT DISTINCT title FROM filled"))
                    .as("nothing is lost, nor half there")
                    .containsExactly("short");
            Files.delete(ballast);
            FreshnessWait.await("filled", database::query);
            assertThat(database.query("SELECT count(DISTINCT title) FROM filled"))
                    .containsExactly("200");
        } finally {
            database.execute("DROP VIEW IF EXISTS filled", "DROP TABLE IF EXISTS filling CASCADE");
            await().until(() -> database.query(
                            "SELECT count(*) FROM pg_class c JOIN pg_tablespace t ON t.oid = c.reltablespace"
                                    + " WHERE t.spcname = 'small'")
                    .equals(List.of("0")));
            database.execute("CHECKPOINT", "DROP TABLESPACE IF EXISTS small");
            run("umount", "-l", disk.toString()); // The server may still hold files open that are deleted.
        }
    }

    /** @return the exit code; not 0 also if there is no such program */
    private static int run(String... command) throws Exception {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return TestTimeout.exitCode(process);
        } catch (IOException noSuchProgram) {
            return -1;
        }
    }

    @Test
    void aDroppedViewIsGoneAndOthersGoOn() throws Exception {
        try (Connection locking = database.connect();
                Statement statement = locking.createStatement()) {
            locking.setAutoCommit(false);
            statement.execute("LOCK TABLE " + store + " IN SHARE MODE");
            database.execute("UPDATE main SET title = 'before the end' WHERE id = 20");
            await().until(() -> database.query(
                            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '" + store + "'::regclass")
                    .getFirst()
                    .equals("1"));
            database.execute("UPDATE main SET title = 'beside it' WHERE id = 1");
            FreshnessWait.await("other", database::query);
            statement.execute("DROP VIEW " + view);
            locking.commit();
        }
        await().until(() -> daemon.view("public." + view).isEmpty());
        await("nothing is left of it")
                .until(() -> database.query("SELECT to_regclass('" + store + "') IS NULL AND to_regclass('"
                                + definition(store) + "') IS NULL")
                        .equals(List.of("t")));
        database.execute("UPDATE main SET title = 'after the end' WHERE id = 20");
        FreshnessWait.await("other", database::query);
    }

    @Test
    void itIsSuspendedRatherThanRecomputedAsAWholeWhereThatIsForbidden() throws Exception {
        String kept = convert(database, "never", "SELECT m.title, d.v " + FROM);
        daemon.awaitPhase("public.never", ViewPhase.FRESH);
        await().until(() -> database.query("SELECT refreshes > 0 FROM refreshd.view_state WHERE view_name = 'never'")
                .equals(List.of("t")));
        database.execute("CREATE TABLE details_kept AS SELECT * FROM details", "TRUNCATE details");
        daemon.awaitPhase("public.never", ViewPhase.SUSPENDED);
        // The ledger hears of it a moment later than the daemon's own memory.
        await().untilAsserted(() -> assertThat(database.query(
                        "SELECT reason || ': ' || remedy FROM refreshd.freshness WHERE view_name = 'never'"))
                .singleElement()
                .asString()
                .contains("full-recompute: never forbids: rows changed whose keys are not known")
                .contains("refreshd refresh public.never"));
        FreshnessWait.await(view, database::query);
        database.execute("INSERT INTO details SELECT * FROM details_kept", "DROP TABLE details_kept");
        database.execute("SELECT refreshd.request_refresh('never')");
        daemon.awaitPhase("public.never", ViewPhase.FRESH);
        assertRight("never", kept);
        database.execute("DROP VIEW never");
    }

    @Test
    void totalsOfGroupsAreKeptAndGoWithTheView() throws Exception {
        String kept = convert(
                database,
                "lettered",
                "SELECT count(*) * 1000000 + sum(m.id) + max(m.id) AS title, m.role AS v FROM main m GROUP BY m.role");
        daemon.awaitPhase("public.lettered", ViewPhase.FRESH);
        database.execute("UPDATE main SET role = 'z' WHERE id = 399", "DELETE FROM main WHERE id = 400");
        assertRight("lettered", kept);
        database.execute(
                "DELETE FROM main WHERE id = 399", "INSERT INTO main VALUES (399, 'title 399', 'b'), (400, 't', NULL)");
        assertRight("lettered", kept);
        String named =
                "SELECT c.relname FROM pg_class c WHERE c.relname LIKE 'lettered\\_%' AND c.relkind IN ('r', 'v') ORDER BY 1";
        assertThat(database.query(named)).hasSize(6);
        database.execute("DROP VIEW lettered");
        await().until(() -> database.query(named).isEmpty());
    }

    /** More rows than keys are remembered, in one statement of the protocol's own kind. */
    @Test
    void aCopyOfManyRows() throws Exception {
        try (Connection connection = database.connect()) {
            StringBuilder rows = new StringBuilder();
            for (int i = 100_001; i <= 130_000; i++) {
                rows.append(i).append('\t').append(i % 400).append("\tcopied\n");
            }
            connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn("COPY details FROM STDIN", new StringReader(rows.toString()));
        }
        assertRight(view, store);
        assertThat(last()).contains("keys are not known, or too many at once");
        assertRightAfter("DELETE FROM details WHERE id > 100000");
    }

    /** A published table needs a replica identity, and the tables with the rows and with their groups have none of their own. */
    @Test
    void aPublicationOfAllTables() throws Exception {
        convert(database, "grouped", "SELECT role, count(*) AS n FROM main GROUP BY role");
        daemon.awaitPhase("public.grouped", ViewPhase.FRESH);
        database.execute("CREATE PUBLICATION of_others FOR ALL TABLES");
        try {
            assertRightAfter(
                    "UPDATE main SET title = 'published ' || id, role = 'published' WHERE id < 9",
                    "DELETE FROM main WHERE id = 3");
            FreshnessWait.await("grouped", database::query);
            assertThat(database.query("SELECT n FROM grouped WHERE role = 'published'"))
                    .isNotEmpty()
                    .isEqualTo(database.query("SELECT count(*) FROM main WHERE role = 'published'"));
        } finally {
            database.execute("DROP PUBLICATION of_others", "DROP VIEW grouped CASCADE");
        }
    }

    @Test
    void aLockedStoreDelaysItAlone() throws Exception {
        try (Connection locking = database.connect();
                Statement statement = locking.createStatement()) {
            locking.setAutoCommit(false);
            statement.execute("LOCK TABLE " + store + " IN ACCESS EXCLUSIVE MODE");
            database.execute("UPDATE main SET title = 'meanwhile' WHERE id = 22");
            FreshnessWait.await("other", database::query);
            await().until(() -> daemon.view("public." + view)
                    .flatMap(ViewStatus::reason)
                    .filter(reason -> reason.what().contains("another session holds a lock on public." + view))
                    .isPresent());
            locking.commit();
        }
        assertRight(view, store);
    }
}
