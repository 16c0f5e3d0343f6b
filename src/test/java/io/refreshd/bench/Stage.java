package io.refreshd.bench;

import io.refreshd.demo.LocalPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The server and the data of all rounds: laid out once, copied for each round, so that every contender begins with the same
 * files.
 */
final class Stage implements AutoCloseable {
    static final String SLOT = "refreshd";
    /** The row whose way into {@link #PROBED} is timed. */
    static final int PROBE_ROW = 1;

    static final String PROBED = "role_0";

    private static final String DATABASE = "bench";
    private static final String TEMPLATE = "bench_template";

    private final Path folder;
    private final LocalPostgres server;
    private int rows;
    private int roles;
    private int views;
    private double comparing;

    private Stage(Path folder, LocalPostgres server) {
        this.folder = folder;
        this.server = server;
    }

    static Stage start() throws IOException {
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of("target", "postgres")), "bench")
                .toAbsolutePath();
        return new Stage(
                folder,
                LocalPostgres.start(
                        folder,
                        Map.of(
                                "shared_buffers", "512MB",
                                "max_wal_size", "8GB",
                                "checkpoint_timeout", "1h",
                                "autovacuum_naptime", "5s")));
    }

    /** Nothing but a big table and role views; half of the roles have one. */
    void layOutRoles(int rows, int roleViews) throws SQLException {
        layOut(rows, roleViews);
        run(TEMPLATE, "DROP MATERIALIZED VIEW grand_total, totals, joined");
    }

    /** Half of the roles have a view each; beside them one that joins, one that sums up and one that stands on that. */
    void layOut(int rows, int roleViews) throws SQLException {
        this.rows = rows;
        this.views = roleViews;
        this.roles = 2 * roleViews;
        run("postgres", "DROP DATABASE IF EXISTS " + DATABASE, "DROP DATABASE IF EXISTS " + TEMPLATE);
        run("postgres", "CREATE DATABASE " + TEMPLATE);
        List<String> sql = new ArrayList<>(List.of(
                "CREATE TABLE main (id bigint PRIMARY KEY, role_id int NOT NULL, title text NOT NULL,"
                        + " amount numeric(12,2) NOT NULL, note text)",
                "ALTER TABLE main REPLICA IDENTITY FULL",
                "CREATE TABLE details (id bigint PRIMARY KEY, body text NOT NULL)",
                "INSERT INTO main SELECT n, (n - 1) % " + roles + ", 'item ' || n, n % 1000 + 0.5, 'note ' || n"
                        + " FROM generate_series(1, " + rows + ") n",
                "INSERT INTO details SELECT id, 'details of ' || title FROM main WHERE id % 2 = 1",
                "CREATE INDEX ON main (role_id)"));
        for (int role = 0; role < roleViews; role++) {
            sql.add("CREATE MATERIALIZED VIEW role_" + role + " AS SELECT id, title, amount FROM main WHERE role_id = "
                    + role);
            sql.add("CREATE UNIQUE INDEX ON role_" + role + " (id)");
        }
        sql.add("CREATE MATERIALIZED VIEW joined AS SELECT m.id, m.title, d.body FROM main m"
                + " JOIN details d ON d.id = m.id WHERE m.role_id = 0");
        sql.add("CREATE UNIQUE INDEX ON joined (id)");
        sql.add("CREATE MATERIALIZED VIEW totals AS"
                + " SELECT role_id, count(*) AS items, sum(amount) AS amount FROM main GROUP BY role_id");
        sql.add("CREATE UNIQUE INDEX ON totals (role_id)");
        sql.add("CREATE MATERIALIZED VIEW grand_total AS"
                + " SELECT 1 AS id, sum(items) AS items, sum(amount) AS amount FROM totals");
        sql.add("CREATE UNIQUE INDEX ON grand_total (id)");
        sql.add("VACUUM ANALYZE");
        run(TEMPLATE, sql.toArray(String[]::new));
    }

    /** A fresh copy of the data. */
    void reset() throws SQLException {
        dropSlots();
        run(
                "postgres",
                "DROP DATABASE IF EXISTS " + DATABASE + " WITH (FORCE)",
                "CREATE DATABASE " + DATABASE + " TEMPLATE " + TEMPLATE + " STRATEGY FILE_COPY",
                "CHECKPOINT");
    }

    private void dropSlots() throws SQLException {
        List<String> slots = query("postgres", "SELECT slot_name FROM pg_replication_slots WHERE database = 'bench'");
        for (String slot : slots) {
            run("postgres", """
                    SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots
                    WHERE slot_name = '%s' AND active_pid IS NOT NULL""".formatted(slot));
            Waiting.until(
                    "slot is free",
                    () -> query(
                                    "postgres",
                                    "SELECT 1 FROM pg_replication_slots WHERE active AND slot_name = '" + slot + "'")
                            .isEmpty());
            run("bench", "SELECT pg_drop_replication_slot('" + slot + "')");
        }
    }

    int rows() {
        return rows;
    }

    int roles() {
        return roles;
    }

    int views() {
        return views;
    }

    /** In an order in which a view comes after what it stands on. */
    List<String> viewNames() {
        List<String> names = new ArrayList<>(
                IntStream.range(0, views).mapToObj(role -> "role_" + role).toList());
        names.addAll(List.of("joined", "totals", "grand_total"));
        return names;
    }

    String url() {
        return server.url(DATABASE);
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url(), LocalPostgres.USER, "");
    }

    void execute(String... statements) throws SQLException {
        run(DATABASE, statements);
    }

    List<String> query(String sql) throws SQLException {
        return query(DATABASE, sql);
    }

    long wal() throws SQLException {
        return Long.parseLong(query("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
                .getFirst());
    }

    double cpuSeconds() throws IOException {
        String pid = Files.readAllLines(folder.resolve("data").resolve("postmaster.pid"))
                .getFirst();
        return Procfs.cpuSecondsOfFamily(Long.parseLong(pid.strip())) - comparing;
    }

    /** Views whose content is not what their definition yields. What the comparison costs is kept out of {@link #cpuSeconds}. */
    List<String> wrongViews() throws Exception {
        List<String> wrong = new ArrayList<>();
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            // All in this one process, whose time is known.
            statement.execute("SET max_parallel_workers_per_gather = 0");
            statement.execute("SET jit = off");
            for (String view : viewNames()) {
                String definition = one(statement, "SELECT rtrim(pg_get_viewdef('" + view + "'::regclass), ';')");
                String different = one(
                        statement,
                        "SELECT EXISTS ((TABLE %1$s EXCEPT ALL (%2$s)) UNION ALL ((%2$s) EXCEPT ALL TABLE %1$s))"
                                .formatted(view, definition));
                if (different.equals("t")) {
                    wrong.add(view);
                }
            }
            comparing += Procfs.cpuSeconds(Long.parseLong(one(statement, "SELECT pg_backend_pid()")));
        }
        return wrong;
    }

    private static String one(Statement statement, String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private void run(String database, String... statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection(server.url(database), LocalPostgres.USER, "");
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private List<String> query(String database, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(server.url(database), LocalPostgres.USER, "");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> values = new ArrayList<>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
