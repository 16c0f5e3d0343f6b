package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.database.JdbiFactory;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.report.Notice;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.Slots;
import io.refreshd.testing.SupervisedDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Something in the log ends whoever reads it. Nobody helps but a supervisor that starts the process again. */
class PoisonIT {
    @TempDir
    private Path folder;

    private TestDatabase database;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text, picture bytea)",
                "CREATE MATERIALIZED VIEW of_main AS SELECT id, v FROM main",
                "CREATE UNIQUE INDEX ON of_main (id)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    /** Each is 90 MB and more in the log, under the launcher's own heap. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT INTO main VALUES (1, 'large', convert_to(repeat('x', 48000000), 'UTF8'))",
                "SELECT pg_logical_emit_message(true, 'x', repeat('x', 96000000))",
                "SELECT pg_logical_emit_message(false, 'refreshd:heartbeat', repeat('x', 96000000))",
            })
    void whatNoHeapHolds(String poison) throws Exception {
        Path configuration =
                DaemonProcess.write(folder, RunningDaemon.configuration(database.url(), database.slot(), ""));
        try (SupervisedDaemon daemon = new SupervisedDaemon(configuration)) {
            awaitHeld("first", daemon.process());
            database.execute(poison);
            long written = System.nanoTime();
            database.execute("INSERT INTO main VALUES (3, 'behind')");
            // A process that reads the views anew at its start shows the row, and may still end at the poison.
            await().until(() -> {
                daemon.replaceIfDead();
                return daemon.process().count("the slot is given up") > 0
                        && !database.query("SELECT id FROM of_main WHERE v = 'behind'")
                                .isEmpty();
            });
            report(poison, daemon.deaths(), written);
            awaitHeld("after", daemon.process());
            assertThat(daemon.deaths()).as("%s", daemon.lines()).isBetween(1, 3);
            assertThat(daemon.lines())
                    .anyMatch(line -> line.contains("The log cannot be read past one position: the slot is given up"))
                    .anyMatch(line -> line.contains("Gap in the stream") && line.contains("log-poisoned"));
        }
        assertThat(database.query("SELECT attempts FROM refreshd.stream")).containsExactly("1");
    }

    /** An error quotes the value that it is about. Here that is what a view computes from a row of one letter. */
    @Test
    void errorsThatNoHeapHolds() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW of_numbers AS SELECT id, repeat(picture::text, 40000000)::int AS n FROM main",
                "CREATE UNIQUE INDEX ON of_numbers (id)");
        Path configuration =
                DaemonProcess.write(folder, RunningDaemon.configuration(database.url(), database.slot(), ""));
        try (DaemonProcess daemon =
                DaemonProcess.of(configuration).asInstalled().start()) {
            awaitHeld("first", daemon);
            database.execute("INSERT INTO main VALUES (1, 'letter', 'x')");
            long written = System.nanoTime();
            await().failFast(() -> assertThat(daemon.isAlive())
                            .as("%s", daemon.lines())
                            .isTrue())
                    .until(() -> !database.query("SELECT reason FROM refreshd.freshness WHERE view_name = 'of_numbers'"
                                    + " AND state = 'suspended' AND server_message LIKE '%invalid input syntax%'")
                            .isEmpty());
            awaitHeld("after", daemon);
            report("an error of 120 MB", 0, written);
        }
    }

    private static void report(String poison, int deaths, long written) {
        System.out.printf(
                "%s: %d processes ended, and the next change was shown %.1f s after the commit%n",
                poison, deaths, (System.nanoTime() - written) / 1e9);
    }

    /** A change that is written from now on is in the view while the daemon lives. */
    private void awaitHeld(String value, DaemonProcess daemon) throws Exception {
        database.execute("INSERT INTO main SELECT coalesce(max(id), 0) + 10, '" + value + "' FROM main");
        await().failFast(() ->
                        assertThat(daemon.isAlive()).as("%s", daemon.lines()).isTrue())
                .until(() -> !database.query("SELECT id FROM of_main WHERE v = '" + value + "'")
                        .isEmpty());
    }

    /** A database that takes any bytes, with a table and its view. */
    private Handle createSqlAscii(String name, String url) throws Exception {
        database.execute("CREATE DATABASE " + name
                + " ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc");
        Handle handle = JdbiFactory.over(() -> DriverManager.getConnection(url, LocalPostgres.USER, ""))
                .open();
        handle.execute("CREATE TABLE main (id int PRIMARY KEY, v text)");
        handle.execute("CREATE MATERIALIZED VIEW of_main AS SELECT id, v FROM main");
        handle.execute("CREATE UNIQUE INDEX ON of_main (id)");
        return handle;
    }

    /** Each kind of object with such a name costs the views that depend on it. Anybody may make one. */
    @Test
    void namesThatAreNoUtf8() throws Exception {
        String name = database.name() + "_names";
        String url = TestDatabase.server().url(name);
        try (Handle handle = createSqlAscii(name, url)) {
            String odd = "convert_from('\\xe4', 'SQL_ASCII')";
            for (String sql : List.of(
                    "CREATE TABLE %I (id int PRIMARY KEY)",
                    "CREATE MATERIALIZED VIEW of_table AS SELECT id FROM %I",
                    "CREATE TABLE columns (id int PRIMARY KEY, %I int)",
                    "CREATE MATERIALIZED VIEW of_column AS SELECT id FROM columns",
                    "CREATE FUNCTION %I(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'",
                    "CREATE MATERIALIZED VIEW of_function AS SELECT id, %I(id) AS n FROM main",
                    "CREATE TYPE %I_type AS ENUM ('a')",
                    "CREATE MATERIALIZED VIEW of_type AS SELECT id, 'a'::%I_type AS a FROM main",
                    "CREATE SCHEMA %I",
                    "CREATE MATERIALIZED VIEW %1$I.of_schema AS SELECT id FROM main",
                    "CREATE MATERIALIZED VIEW %I_view AS SELECT id FROM main")) {
                String quoted = sql.replace("'", "''").replace("%I_", "%1$s_").replace("%I", "%1$I");
                handle.execute("DO $$ BEGIN EXECUTE format('" + quoted + "', " + odd + "); END $$");
            }
            try (RunningDaemon daemon = RunningDaemon.start(RunningDaemon.configuration(url, "slot_" + name, ""))) {
                await().until(() -> daemon.view("public.of_main").isPresent());
                handle.execute("INSERT INTO main VALUES (1, 'new')");
                handle.createQuery(TestTimeout.waitUntilFresh("of_main"))
                        .mapTo(Boolean.class)
                        .one();
                assertThat(handle.createQuery("SELECT view_name FROM refreshd.freshness WHERE watermark IS NOT NULL")
                                .mapTo(String.class)
                                .list())
                        .containsExactly("of_main");
            }
            Slots.drop(url, "slot_" + name);
        }
        database.execute("DROP DATABASE " + name + " WITH (FORCE)");
    }

    /**
     * The server has no way to send such bytes in UTF-8, and fails at each attempt. It is asked to only for the sake of a publication whose
     * name is not ASCII; otherwise see EncodingIT.
     */
    @Test
    void bytesThatAreNoUtf8() throws Exception {
        String name = database.name() + "_ascii";
        String url = TestDatabase.server().url(name);
        try (Handle handle = createSqlAscii(name, url)) {
            try (RunningDaemon daemon = RunningDaemon.start(RunningDaemon.configuration(
                    url, "slot_" + name, "  publication: Veröffentlichung\nviews: { quiet-period: 50ms }"))) {
                daemon.awaitFresh();
                handle.execute("INSERT INTO main VALUES (1, convert_from('\\xe974e9'::bytea, 'SQL_ASCII'))");
                long written = System.nanoTime();
                await().until(() -> daemon.notices().contains(new Notice.GapFound("log-poisoned")));
                handle.execute("INSERT INTO main VALUES (2, 'after')");
                handle.createQuery(TestTimeout.waitUntilFresh("of_main"))
                        .mapTo(Boolean.class)
                        .one();
                report("bytes that are no UTF-8", 0, written);
                assertThat(handle.createQuery("SELECT count(*) FROM of_main")
                                .mapTo(Integer.class)
                                .one())
                        .isEqualTo(2);
                assertThat(daemon.scrape())
                        .contains("refreshd_gaps_total{reason=\"log-poisoned\"} 1.0")
                        .contains("refreshd_troubles_total{reason=\"gap: log-poisoned\"} 1.0");
            }
            Slots.drop(url, "slot_" + name);
        }
        database.execute("DROP DATABASE " + name + " WITH (FORCE)");
    }
}
