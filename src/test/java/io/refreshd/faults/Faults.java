package io.refreshd.faults;

import io.refreshd.testing.MovableClock;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All kinds of faults, by name. */
final class Faults {
    private static final String LEASE =
            "pid IN (SELECT l.pid FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted)"
                    + " AND application_name LIKE 'refreshd%'";

    static final Map<String, Fault> ALL = new LinkedHashMap<>();

    static {
        ALL.put("daemon killed", site -> {
            site.daemon().kill();
            site.last(3_000);
            site.daemon().start();
        });
        ALL.put("daemon terminated", site -> {
            if (!site.daemon().terminate()) {
                throw new Violation("the daemon did not end within 30 s of SIGTERM");
            }
            site.last(2_000);
            site.daemon().start();
        });
        ALL.put("daemon frozen", site -> {
            site.daemon().freeze();
            site.last();
            site.daemon().thaw();
        });
        ALL.put("daemon frozen, then killed", site -> {
            site.daemon().freeze();
            site.last(4_000);
            site.daemon().kill();
            site.daemon().start();
        });
        ALL.put(
                "database crashed",
                site -> site.server()
                        .crashAndRestart(Duration.ofMillis(site.random().nextInt(Math.min(site.longest(), 12_000)))));
        ALL.put("walsender terminated", terminate("backend_type = 'walsender'"));
        ALL.put("refresh terminated", terminate("application_name = 'refreshd' AND query ILIKE 'REFRESH%'"));
        ALL.put("connections terminated", terminate("application_name LIKE 'refreshd%'"));
        ALL.put(
                "one connection terminated",
                terminate(
                        "pid = (SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'refreshd%' ORDER BY random() LIMIT 1)"));
        ALL.put("proxy cut", site -> site.proxy().cutAll());
        ALL.put("proxy cut and refusing", site -> {
            site.proxy().refuse(true);
            site.proxy().cutAll();
            site.last(15_000);
            site.proxy().refuse(false);
        });
        ALL.put("proxy slow", site -> {
            site.proxy().delay(20 + site.random().nextInt(200));
            site.last(8_000);
            site.proxy().delay(0);
        });
        ALL.put("proxy halving", site -> {
            site.proxy().halve(true);
            site.last(3_000);
            site.proxy().halve(false);
        });
        ALL.put("proxy hung, then alive", site -> {
            site.proxy().stall(true);
            site.last();
            site.proxy().stall(false);
        });
        ALL.put("proxy hung, then cut", site -> {
            site.proxy().stall(true);
            site.last();
            site.proxy().cutAll();
            site.proxy().stall(false);
        });
        ALL.put("connections forgotten", site -> site.proxy().forget());
        ALL.put("slot dropped", site -> {
            try (Connection connection = site.server().connect("campaign");
                    Statement statement = connection.createStatement()) {
                dropSlot(site, statement);
            }
        });
        ALL.put("slot replaced", site -> {
            try (Connection connection = site.server().connect("campaign");
                    Statement statement = connection.createStatement()) {
                dropSlot(site, statement);
                statement.execute("SELECT pg_create_logical_replication_slot('refreshd', 'pgoutput') WHERE NOT EXISTS"
                        + " (SELECT FROM pg_replication_slots WHERE slot_name = 'refreshd')");
            } catch (java.sql.SQLException e) {
                // The daemon was faster, or a transaction is open for long: what counts is what is there now.
            }
        });
        ALL.put("publication dropped", site -> site.server().execute("DROP PUBLICATION IF EXISTS refreshd"));
        ALL.put("publication emptied", site -> {
            String table = table(site);
            site.server().execute(ifPublished(table, "DROP"));
        });
        ALL.put("table out and in again", site -> {
            String table = table(site);
            site.server().execute(ifPublished(table, "DROP"));
            site.last(400);
            site.server().execute("""
                    DO $$ BEGIN
                      ALTER PUBLICATION refreshd ADD TABLE %s;
                    EXCEPTION WHEN duplicate_object OR undefined_object THEN NULL; END $$""".formatted(table));
        });
        ALL.put("ledger fails", site -> ledgerFails(site, ""));
        ALL.put("ledger fails at commit", site -> ledgerFails(site, "CONSTRAINT"));
        ALL.put("view locked", site -> {
            try (Connection connection = site.server().connect("campaign");
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                String view = Subject.ALL
                        .get(site.random().nextInt(Subject.ALL.size()))
                        .name();
                // What a plain REFRESH or another tool takes.
                statement.execute("SET lock_timeout = '10s'");
                statement.execute("REFRESH MATERIALIZED VIEW " + view);
                site.last(6_000);
                connection.rollback();
            }
        });
        ALL.put("daemon frozen to the end", site -> {
            site.daemon().freeze();
            site.lastToTheEnd();
            site.daemon().thaw();
        });
        ALL.put("daemon killed beside a standby", site -> {
            site.daemon().startStandby();
            site.last(15_000);
            site.daemon().killAndPromote();
        });
        ALL.put("daemon frozen, replaced, thawed", site -> {
            site.daemon().startStandby();
            site.last(15_000);
            site.daemon().freeze();
            // As when its machine is cut off: the server ends its session, and the other one takes its place.
            terminate(LEASE).strike(site);
            site.last(15_000);
            site.daemon().thaw();
            site.last(8_000);
            site.daemon().killAndPromote();
        });
        ALL.put("lease fails", site -> {
            trigger(site, "refreshd.lease", "");
            try {
                terminate(LEASE).strike(site);
                site.last(8_000);
            } finally {
                dropTrigger(site, "refreshd.lease");
            }
        });
        ALL.put("server clock jumps", site -> jump(site, site.clocks().server()));
        ALL.put("daemon clock jumps", site -> jump(site, site.clocks().daemon()));
    }

    private Faults() {}

    /** There, and back: by up to an hour each way, or by seconds. */
    private static void jump(Site site, Optional<MovableClock> clock) throws Exception {
        if (clock.isEmpty()) {
            throw new NotInjected("SKIPPED: libfaketime is not installed (Debian: apt-get install faketime)");
        }
        int most = site.random().nextBoolean() ? 3_600 : 20;
        clock.get().set(Duration.ofSeconds(site.random().nextInt(-most, most + 1)));
        try {
            site.last(10_000);
        } finally {
            clock.get().set(Duration.ZERO);
        }
    }

    private static String table(Site site) {
        List<String> tables = List.of("main", "items", "lefts", "accounts", "tags", "events_1");
        return tables.get(site.random().nextInt(tables.size()));
    }

    private static String ifPublished(String table, String verb) {
        return """
                DO $$ BEGIN
                  ALTER PUBLICATION refreshd %s TABLE %s;
                EXCEPTION WHEN undefined_object THEN NULL; END $$""".formatted(verb, table);
    }

    private static Fault terminate(String which) {
        return site -> site.server()
                .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
                        + which);
    }

    private static void dropSlot(Site site, Statement statement) throws java.sql.SQLException {
        for (int i = 0; i < 100; i++) {
            statement.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                    + " WHERE slot_name = 'refreshd' AND active_pid IS NOT NULL");
            try {
                statement.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                        + " WHERE slot_name = 'refreshd'");
                return;
            } catch (java.sql.SQLException e) {
                site.ending().pause(20);
            }
        }
    }

    /** Disk full, as far as the daemon can tell. */
    private static void ledgerFails(Site site, String kind) throws java.sql.SQLException {
        List<String> tables = List.of("stream", "view_state", "refresh_history", "enrolled_table");
        String table = "refreshd." + tables.get(site.random().nextInt(tables.size()));
        trigger(site, table, kind);
        try {
            site.last(8_000);
        } finally {
            dropTrigger(site, table);
        }
    }

    private static void trigger(Site site, String table, String kind) throws java.sql.SQLException {
        String trigger = kind.isEmpty()
                ? "CREATE TRIGGER campaign BEFORE INSERT OR UPDATE OR DELETE ON " + table
                : "CREATE CONSTRAINT TRIGGER campaign AFTER INSERT OR UPDATE OR DELETE ON " + table
                        + " DEFERRABLE INITIALLY DEFERRED";
        site.server().execute("""
                        CREATE OR REPLACE FUNCTION oracle.fail() RETURNS trigger LANGUAGE plpgsql AS $$
                        BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$""", trigger + " FOR EACH ROW EXECUTE FUNCTION oracle.fail()");
    }

    private static void dropTrigger(Site site, String table) throws java.sql.SQLException {
        site.server().execute("DROP TRIGGER campaign ON " + table);
    }
}
