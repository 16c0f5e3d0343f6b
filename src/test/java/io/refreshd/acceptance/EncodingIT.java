package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.daemon.RoleViewController;
import io.refreshd.database.JdbiFactory;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.Captured;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.Slots;
import io.refreshd.testing.TestDatabase;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A database that is not in UTF-8 holds names, rows and messages that the server cannot convert to it. They cost what depends on the names,
 * and nothing else; in particular not the slot.
 */
class EncodingIT {
    private static final String KEPT =
            "SELECT pg_catalog.string_agg(view_name, ',' ORDER BY view_name) FROM refreshd.freshness"
                    + " WHERE watermark IS NOT NULL AND view_schema <> 'elsewhere'";

    private static final String ROLE_VIEWS = """
            role-views:
              templates:
                elsewhere.role_{role}:
                  query: SELECT id FROM public.main WHERE v = {role}
                  unique-key: [id]
                  roles-query: SELECT name FROM public.roles
                  removed: drop
            """;

    /**
     * @param good a name that UTF-8 has, in the database's bytes
     * @param odd a name that UTF-8 lacks
     */
    @ParameterizedTest
    @CsvSource({"SQL_ASCII, c3a4, e4", "WIN1252, e4, 81", "EUC_JP, c6fc, a9a1"})
    void whatUtf8Lacks(String encoding, String good, String odd) throws Exception {
        try (TestDatabase admin = TestDatabase.create()) {
            String name = admin.name() + "_encoded";
            String url = TestDatabase.server().url(name);
            admin.execute("CREATE DATABASE " + name + " ENCODING '" + encoding
                    + "' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc");
            try (Handle handle = JdbiFactory.on(DriverManager.getConnection(url, LocalPostgres.USER, ""))) {
                Names names = new Names(handle, encoding, good, odd);
                names.create();
                try (Captured log = new Captured(RoleViewController.class);
                        RunningDaemon daemon = RunningDaemon.startLooking(
                                RunningDaemon.configuration(url, "slot_" + name, ROLE_VIEWS), Duration.ofMillis(500))) {
                    names.check(daemon);
                    names.checkRoles(daemon, log);
                }
            } finally {
                Slots.drop(url, "slot_" + name);
                admin.execute("DROP DATABASE " + name + " WITH (FORCE)");
            }
        }
    }

    private record Names(Handle handle, String encoding, String good, String odd) {
        /** In each statement, {@code %1$I} is the odd name and {@code %2$I} the good one. */
        void run(String... statements) {
            for (String sql : statements) {
                handle.execute("DO $do$ BEGIN EXECUTE format($sql$" + sql + "$sql$, " + name(odd) + ", " + name(good)
                        + "); END $do$");
            }
        }

        private String name(String hex) {
            return "convert_from('\\x" + hex + "', '" + encoding + "')";
        }

        void create() {
            run(
                    "CREATE TABLE main (id int PRIMARY KEY, v text)",
                    "CREATE SCHEMA elsewhere",
                    "CREATE TABLE roles (name text PRIMARY KEY)",
                    "INSERT INTO roles VALUES ('a'), (%1$L), (%2$L)",
                    "CREATE MATERIALIZED VIEW of_main AS SELECT id, v FROM main",
                    "CREATE UNIQUE INDEX ON of_main (id)",
                    "CREATE TABLE %2$I (%2$I int PRIMARY KEY, v text)",
                    "CREATE MATERIALIZED VIEW of_good AS SELECT %2$I AS id, v FROM %2$I",
                    "CREATE UNIQUE INDEX ON of_good (id)",
                    "CREATE TABLE %1$I (id int PRIMARY KEY, %1$I text)",
                    "CREATE MATERIALIZED VIEW of_odd AS SELECT id FROM %1$I",
                    "CREATE MATERIALIZED VIEW %1$s_view AS SELECT id FROM main",
                    "CREATE FUNCTION %1$I(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1'",
                    "CREATE SCHEMA %1$I",
                    "CREATE TABLE %1$I.inner (id int PRIMARY KEY)",
                    "CREATE PUBLICATION refreshd FOR ALL TABLES");
        }

        void check(RunningDaemon daemon) {
            await().until(() -> daemon.view("public.of_good").isPresent());
            write(1);
            assertThat(handle.createQuery(KEPT).mapTo(String.class).one()).isEqualTo("of_good,of_main");

            incremental("fine", "SELECT id, v FROM main");
            incremental("below_table", "SELECT id FROM later");
            incremental("below_column", "SELECT id, w FROM columns");
            incremental("below_function", "SELECT id, later(id) AS n FROM main");
            incremental("itself", "SELECT id FROM main");
            incremental("its_column", "SELECT id FROM main");
            await().until(() ->
                    handle.createQuery(KEPT).mapTo(String.class).one().split(",").length == 8);
            run(
                    "ALTER TABLE later RENAME TO %1$s_later",
                    "ALTER TABLE columns RENAME w TO %1$I",
                    "ALTER FUNCTION later(int) RENAME TO %1$s_later",
                    "ALTER VIEW its_column RENAME id TO %1$I",
                    "ALTER VIEW itself RENAME TO %1$s_itself",
                    "ALTER TABLE refreshd_store.its_column RENAME TO %1$s_store");
            await().until(() ->
                    handle.createQuery(KEPT).mapTo(String.class).one().equals("fine,of_good,of_main"));
            write(2);
            assertThat(handle.createQuery("SELECT count(*) FROM fine")
                            .mapTo(Integer.class)
                            .one())
                    .isEqualTo(4);
            assertThat(daemon.view("public.below_column").orElseThrow().phase()).isEqualTo(ViewPhase.SUSPENDED);
            assertThat(daemon.view("public.below_column").orElseThrow().reason().toString())
                    .contains("cannot send a name");

            run(
                    "ALTER VIEW %1$s_itself RENAME TO itself",
                    "ALTER TABLE columns RENAME %1$I TO w", "ALTER FUNCTION %1$s_later(int) RENAME TO later");
            await().until(() -> handle.createQuery(KEPT)
                    .mapTo(String.class)
                    .one()
                    .equals("below_column,below_function,fine,itself,of_good,of_main"));
            assertThat(daemon.notices())
                    .noneMatch(notice -> notice instanceof Notice.GapFound gap
                            && gap.toString().contains("poison"));
        }

        /** The role whose name cannot be sent has no view; the others have theirs, the new one too. */
        void checkRoles(RunningDaemon daemon, Captured log) {
            run("INSERT INTO roles VALUES ('later')");
            await().until(() -> daemon.view("elsewhere.role_later").isPresent());
            assertThat(handle.createQuery("SELECT count(*) FROM pg_matviews WHERE schemaname = 'elsewhere'")
                            .mapTo(Integer.class)
                            .one())
                    .isEqualTo(3);
            assertThat(log.lines())
                    .filteredOn(line -> line.startsWith("WARN"))
                    .singleElement()
                    .asString()
                    .contains("1 of the roles of elsewhere.role_{role} have no view", odd);
            run("DELETE FROM roles WHERE name IN (%1$L, 'a')");
            await().until(() -> daemon.view("elsewhere.role_a").isEmpty());
            assertThat(daemon.view("elsewhere.role_later")).isPresent();
        }

        /** Rows, messages and prefixes of all kinds, and a change that is in the views afterwards. */
        private void write(int id) {
            run(
                    "INSERT INTO main VALUES (" + 10 * id + ", %1$L)",
                    "INSERT INTO %1$I VALUES (" + id + ", %1$L)",
                    "UPDATE %1$I SET %1$I = 'x'",
                    "INSERT INTO %1$I.inner VALUES (" + id + ")",
                    "SELECT pg_logical_emit_message(true, 'refreshd:' || %1$L, %1$L)",
                    "SELECT pg_logical_emit_message(false, %1$L, %1$L)",
                    "INSERT INTO %2$I VALUES (" + id + ", %2$L)",
                    "INSERT INTO main VALUES (" + id + ", %2$L)");
            for (String view : new String[] {"of_main", "of_good"}) {
                FreshnessWait.await(view, sql -> {
                    try (Statement statement = handle.getConnection().createStatement()) {
                        return statement.execute(sql);
                    }
                });
            }
            assertThat(handle.createQuery("SELECT (SELECT count(*) FROM of_main) + (SELECT count(*) FROM of_good)")
                            .mapTo(Integer.class)
                            .one())
                    .isEqualTo(3 * id);
        }

        /** Made by hand: a restored dump of another database can hold one, and in this one nothing is converted. */
        private void incremental(String view, String query) {
            if (!handle.createQuery("SELECT to_regclass('later') IS NOT NULL")
                    .mapTo(Boolean.class)
                    .one()) {
                run(
                        "CREATE TABLE later (id int PRIMARY KEY)",
                        "CREATE TABLE columns (id int PRIMARY KEY, w int)",
                        "CREATE FUNCTION later(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1",
                        "CREATE SCHEMA refreshd_store");
            }
            String store = "refreshd_store." + view;
            run(
                    "CREATE VIEW " + store + "_definition AS " + query,
                    "CREATE TABLE " + store + " AS SELECT * FROM " + store + "_definition",
                    "CREATE VIEW " + view + " AS SELECT s.* FROM " + store + " AS s CROSS JOIN (SELECT) AS read_only",
                    "INSERT INTO refreshd.incremental_view VALUES ('" + view + "'::regclass, '" + store
                            + "'::regclass, '" + store + "_definition'::regclass, '{1}', '')");
        }
    }
}
