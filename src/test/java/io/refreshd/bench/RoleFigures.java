package io.refreshd.bench;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The cost of role views: the time until a new one exists, and a thousand of them. For reading see {@link ReadingFigures}. */
final class RoleFigures {
    private static final int ROWS = Integer.getInteger("bench.role-rows", 1_000_000);
    private static final int MANY = 1_000;
    private static final int REPEATS = 5;
    private static final String QUERY = "SELECT id, title, amount FROM main WHERE role = ";

    private static final String DECLARED = """
            role-views:
              templates:
                public.materializeduserrole_{role}:
                  query: %s{role}
                  unique-key: [id]
                  roles-query: SELECT name FROM roles
            """.formatted(QUERY);

    private final BenchDatabase database;
    private final Map<String, Object> results;

    RoleFigures(BenchDatabase database, Map<String, Object> results) {
        this.database = database;
        this.results = results;
    }

    void run() throws Exception {
        database.layOut(Layout.mixed(100, 1));
        database.reset();
        // Half of the rows have one of a few large roles, half one of many small roles.
        database.execute(
                "DROP TABLE main CASCADE",
                "CREATE TABLE main (id int PRIMARY KEY, role text NOT NULL, title text NOT NULL, amount numeric NOT NULL)",
                "INSERT INTO main SELECT i, CASE i %% 2 WHEN 0 THEN 'large_' || i / 2 %% %d ELSE 'many_' || i / 2 %% %d END,"
                                .formatted(REPEATS, MANY)
                        + " 'item ' || i, i FROM generate_series(1, " + ROWS + ") i",
                "CREATE INDEX ON main (role)",
                "CREATE TABLE roles (name text PRIMARY KEY)",
                "VACUUM ANALYZE");
        try (MeasuredDaemon daemon = MeasuredDaemon.start(database, "100ms", "5s", DECLARED)) {
            appear();
        }
        restart(REPEATS);
        try (MeasuredDaemon daemon = MeasuredDaemon.start(database, "100ms", "5s", DECLARED)) {
            many();
            note(
                    "resident with " + (MANY + REPEATS) + " role views",
                    "%.0f MB",
                    Procfs.residentMegabytes(daemon.pid()));
        }
        restart(MANY + REPEATS);
        new ReadingFigures(database, results).run();
    }

    /** Bare statements and daemon take turns in being first. */
    private void appear() throws Exception {
        List<Double> declared = new ArrayList<>();
        List<Double> bare = new ArrayList<>();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            bare(statement, "large_0");
            for (int i = 0; i < REPEATS; i++) {
                String role = "large_" + i;
                if (i % 2 == 0) {
                    bare.add(bare(statement, role));
                }
                String view = "materializeduserrole_" + role;
                long begin = System.nanoTime();
                statement.execute("INSERT INTO roles VALUES ('" + role + "')");
                Waiting.until(
                        view,
                        () -> one(statement, "SELECT to_regclass('" + view + "') IS NOT NULL")
                                .equals("t"));
                one(statement, "SELECT count(*) FROM " + view);
                declared.add((System.nanoTime() - begin) / 1e9);
                if (i % 2 == 1) {
                    bare.add(bare(statement, role));
                }
            }
        }
        String of = " (" + ROWS / 2 / REPEATS + " of " + ROWS + " rows)";
        note("INSERT INTO roles until the view is read" + of, Sample.of(declared));
        note("bare CREATE MATERIALIZED VIEW, unique index, read" + of, Sample.of(bare));
        double difference = Sample.of(declared).median() - Sample.of(bare).median();
        note("difference of the medians", "%.0f ms", 1000 * difference);
    }

    private static double bare(Statement statement, String role) throws Exception {
        // A schema that the daemon does not manage.
        statement.execute("CREATE SCHEMA IF NOT EXISTS bare");
        long begin = System.nanoTime();
        statement.execute("CREATE MATERIALIZED VIEW bare.v AS " + QUERY + "'" + role + "'");
        statement.execute("CREATE UNIQUE INDEX ON bare.v (id)");
        one(statement, "SELECT count(*) FROM bare.v");
        double seconds = (System.nanoTime() - begin) / 1e9;
        statement.execute("DROP MATERIALIZED VIEW bare.v");
        return seconds;
    }

    private void many() throws Exception {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            long begin = System.nanoTime();
            statement.execute("INSERT INTO roles SELECT 'many_' || i FROM generate_series(0, " + (MANY - 1) + ") i");
            awaitCount(statement, "pg_matviews WHERE matviewname LIKE 'materializeduserrole\\_many\\_%'");
            note(MANY + " roles declared at once: all created", "%.1f s", (System.nanoTime() - begin) / 1e9);
            awaitCount(
                    statement,
                    "refreshd.view_state WHERE view_name LIKE 'materializeduserrole\\_many\\_%' AND marked <= covered");
            note("... all looked after and fresh", "%.1f s", (System.nanoTime() - begin) / 1e9);
        }
    }

    private void restart(int present) throws Exception {
        // Otherwise autovacuum would analyze a thousand new views during the measurement.
        database.execute("VACUUM ANALYZE");
        List<Double> ready = new ArrayList<>();
        List<Double> cpu = new ArrayList<>();
        for (int i = 0; i < REPEATS; i++) {
            try (MeasuredDaemon daemon = MeasuredDaemon.start(database, "100ms", "5s", DECLARED)) {
                ready.add(daemon.readySeconds());
                cpu.add(Procfs.cpuSeconds(daemon.pid()));
            }
        }
        Sample sample = Sample.of(ready);
        note(
                "ready with " + present + " role views present",
                "median %.2f s, %.2f to %.2f s (n = %d)",
                sample.median(),
                sample.min(),
                sample.max(),
                sample.count());
        // CPU time says more than elapsed time where other processes use the processors too.
        note("... CPU of the daemon until then", "median %.2f s", Sample.of(cpu).median());
    }

    private static void awaitCount(Statement statement, String of) {
        Waiting.until(of, () -> one(statement, "SELECT count(*) FROM " + of).equals(Integer.toString(MANY)));
    }

    private static String one(Statement statement, String sql) throws Exception {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private void note(String name, String format, Object... values) {
        note(name, (Object) String.format(Locale.ROOT, format, values));
    }

    private void note(String name, Object value) {
        System.out.printf("role views: %s: %s%n", name, value instanceof Sample sample ? sample.millis() : value);
        results.put("role views: " + name, value);
    }
}
