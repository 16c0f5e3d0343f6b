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
        ALL.put("daemon killed", context -> {
            context.daemon().kill();
            context.hold(3_000);
            context.daemon().start();
        });
        ALL.put("daemon terminated", context -> {
            Duration took = context.daemon().terminate();
            if (took.compareTo(context.options().terminationLimit()) > 0) {
                throw new Violation("the daemon took " + took + " from SIGTERM to its exit");
            }
            context.hold(2_000);
            context.daemon().start();
        });
        ALL.put("daemon frozen", context -> {
            context.daemon().freeze();
            context.hold();
            context.daemon().thaw();
        });
        ALL.put("daemon frozen, then killed", context -> {
            context.daemon().freeze();
            context.hold(4_000);
            context.daemon().kill();
            context.daemon().start();
        });
        ALL.put(
                "database crashed",
                context -> context.server()
                        .crashAndRestart(Duration.ofMillis(context.random()
                                .nextInt(Math.min(context.options().longest(), 12_000)))));
        ALL.put("walsender terminated", terminate("backend_type = 'walsender'"));
        ALL.put(
                "refresh terminated",
                terminate(
                        "application_name = 'refreshd' AND (query LIKE '%REFRESH MATERIALIZED%' OR query LIKE '%differing%')"));
        ALL.put("connections terminated", terminate("application_name LIKE 'refreshd%'"));
        ALL.put(
                "one connection terminated",
                terminate(
                        "pid = (SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'refreshd%' ORDER BY random() LIMIT 1)"));
        ALL.put("proxy cut", context -> context.proxy().cutAll());
        ALL.put("proxy cut and refusing", context -> {
            context.proxy().refuse(true);
            context.proxy().cutAll();
            context.hold(15_000);
            context.proxy().refuse(false);
        });
        ALL.put("proxy slow", context -> {
            context.proxy().delay(20 + context.random().nextInt(200));
            context.hold(8_000);
            context.proxy().delay(0);
        });
        ALL.put("proxy halving", context -> {
            context.proxy().halve(true);
            context.hold(3_000);
            context.proxy().halve(false);
        });
        ALL.put("proxy hung, then alive", context -> {
            context.proxy().stall(true);
            context.hold();
            context.proxy().stall(false);
        });
        ALL.put("proxy hung, then cut", context -> {
            context.proxy().stall(true);
            context.hold();
            context.proxy().cutAll();
            context.proxy().stall(false);
        });
        ALL.put("connections forgotten", context -> context.proxy().forget());
        ALL.put("slot dropped", context -> {
            try (Connection connection = context.server().connect("campaign");
                    Statement statement = connection.createStatement()) {
                dropSlot(context, statement);
            }
        });
        ALL.put("slot replaced", context -> {
            try (Connection connection = context.server().connect("campaign");
                    Statement statement = connection.createStatement()) {
                dropSlot(context, statement);
                statement.execute("SELECT pg_create_logical_replication_slot('refreshd', 'pgoutput') WHERE NOT EXISTS"
                        + " (SELECT FROM pg_replication_slots WHERE slot_name = 'refreshd')");
            } catch (java.sql.SQLException e) {
                // The daemon has created the slot already, or an old transaction keeps the server from creating one.
                // Both are valid states to recover from.
            }
        });
        ALL.put("publication dropped", context -> context.server().execute("DROP PUBLICATION IF EXISTS refreshd"));
        ALL.put("publication emptied", context -> {
            String table = table(context);
            context.server().execute(ifPublished(table, "DROP"));
        });
        ALL.put("table out and in again", context -> {
            String table = table(context);
            context.server().execute(ifPublished(table, "DROP"));
            context.hold(400);
            context.server().execute("""
                    DO $$ BEGIN
                      ALTER PUBLICATION refreshd ADD TABLE %s;
                    EXCEPTION WHEN duplicate_object OR undefined_object THEN NULL; END $$""".formatted(table));
        });
        ALL.put("ledger fails", context -> ledgerFails(context, ""));
        ALL.put("ledger fails at commit", context -> ledgerFails(context, "CONSTRAINT"));
        ALL.put("view locked", context -> {
            try (Connection connection = context.server().connect("campaign");
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                String view = CheckedView.ALL
                        .get(context.random().nextInt(CheckedView.ALL.size()))
                        .name();
                statement.execute("SET lock_timeout = '10s'");
                statement.execute(IncrementalViewsOfCampaign.lock(statement, view));
                context.hold(6_000);
                connection.rollback();
            }
        });
        ALL.put("daemon frozen to the end", context -> {
            context.daemon().freeze();
            context.holdLongest();
            context.daemon().thaw();
        });
        ALL.put("daemon killed beside a standby", context -> {
            context.daemon().startStandby();
            context.hold(15_000);
            context.daemon().killAndPromote();
        });
        ALL.put("daemon frozen, replaced, thawed", context -> {
            context.daemon().startStandby();
            context.hold(15_000);
            context.daemon().freeze();
            // The server ends the session of the lease, as when the machine of the daemon is cut off, and the standby
            // takes the lease.
            terminate(LEASE).inject(context);
            context.hold(15_000);
            context.daemon().thaw();
            context.hold(8_000);
            context.daemon().killAndPromote();
        });
        ALL.put("lease fails", context -> {
            trigger(context, "refreshd.lease", "");
            try {
                terminate(LEASE).inject(context);
                context.hold(8_000);
            } finally {
                dropTrigger(context, "refreshd.lease");
            }
        });
        ALL.put("server clock jumps", context -> jump(context, context.clocks().server()));
        ALL.put("daemon clock jumps", context -> jump(context, context.clocks().daemon()));
        ALL.putAll(HostileNeighbour.all());
    }

    /** The fault of this name, also one of topics. */
    static Fault of(String kind) {
        Fault fault = ALL.get(kind);
        return fault == null ? CampaignTopics.faults().get(kind) : fault;
    }

    private Faults() {}

    /** Sets a clock forward or back and then right again: by up to an hour, or by seconds. */
    private static void jump(FaultContext context, Optional<MovableClock> clock) throws Exception {
        if (clock.isEmpty()) {
            throw new NotInjectedException("SKIPPED: libfaketime is not installed (Debian: apt-get install faketime)");
        }
        int most = context.random().nextBoolean() ? 3_600 : 20;
        clock.get().set(Duration.ofSeconds(context.random().nextInt(-most, most + 1)));
        try {
            context.hold(10_000);
        } finally {
            clock.get().set(Duration.ZERO);
        }
    }

    private static String table(FaultContext context) {
        List<String> tables = List.of("main", "items", "lefts", "accounts", "tags", "events_1");
        return tables.get(context.random().nextInt(tables.size()));
    }

    private static String ifPublished(String table, String verb) {
        return """
                DO $$ BEGIN
                  ALTER PUBLICATION refreshd %s TABLE %s;
                EXCEPTION WHEN undefined_object THEN NULL; END $$""".formatted(verb, table);
    }

    private static Fault terminate(String which) {
        return context -> context.server()
                .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
                        + which);
    }

    private static void dropSlot(FaultContext context, Statement statement) throws java.sql.SQLException {
        for (int i = 0; i < 100; i++) {
            statement.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                    + " WHERE slot_name = 'refreshd' AND active_pid IS NOT NULL");
            try {
                statement.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                        + " WHERE slot_name = 'refreshd'");
                return;
            } catch (java.sql.SQLException e) {
                context.stop().sleep(20);
            }
        }
    }

    /** Makes every write to one table of the ledger fail with the error of a full disk. */
    private static void ledgerFails(FaultContext context, String kind) throws java.sql.SQLException {
        List<String> tables = List.of("stream", "view_state", "refresh_history", "enrolled_table");
        String table = "refreshd." + tables.get(context.random().nextInt(tables.size()));
        trigger(context, table, kind);
        try {
            context.hold(8_000);
        } finally {
            dropTrigger(context, table);
        }
    }

    private static void trigger(FaultContext context, String table, String kind) throws java.sql.SQLException {
        String trigger = kind.isEmpty()
                ? "CREATE TRIGGER campaign BEFORE INSERT OR UPDATE OR DELETE ON " + table
                : "CREATE CONSTRAINT TRIGGER campaign AFTER INSERT OR UPDATE OR DELETE ON " + table
                        + " DEFERRABLE INITIALLY DEFERRED";
        context.server().execute("""
                        CREATE OR REPLACE FUNCTION oracle.fail() RETURNS trigger LANGUAGE plpgsql AS $$
                        BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$""", trigger + " FOR EACH ROW EXECUTE FUNCTION oracle.fail()");
    }

    private static void dropTrigger(FaultContext context, String table) throws java.sql.SQLException {
        context.server().execute("DROP TRIGGER campaign ON " + table);
    }
}
